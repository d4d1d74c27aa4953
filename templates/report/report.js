"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SIGNS = { P: "✓", L: "≈", F: "✗", E: "!", S: "–", X: "x", U: "u", N: "○", M: "∅", R: "r", ".": "·" };
  const WORDS = { P: "passed", L: "passed after another try (flaky)", F: "failed", E: "error", S: "skipped", X: "xfailed", U: "xpassed", N: "not run", M: "missing", R: "retired", ".": "not written yet" };
  const LOST = new Set(["regressed", "still_failing", "missing", "newly_skipped"]);
  const SPARE = 12, MOST_PRINTED = 400, BROKEN = "FE", PASSING = "PUL";
  const narrow = matchMedia("(max-width: 44rem)");
  let ROW = 28, SHOWN = 12;
  const byId = (id) => document.getElementById(id);
  const make = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const THEMES = ["auto", "light", "dark"], theme = byId("theme"), chosen = document.documentElement.dataset;
  const sayTheme = () => { theme.lastChild.textContent = chosen.theme || "auto"; };
  theme.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(chosen.theme || "auto") + 1) % THEMES.length];
    if (next === "auto") delete chosen.theme;
    else chosen.theme = next;
    try { localStorage.setItem("pytest-handoff-theme", next); } catch { /* storage may be forbidden: it holds for this page */ }
    sayTheme();
  });
  sayTheme();

  const tests = [];
  for (const [path, rows] of data.files) {
    for (const [name, tier, status, since, marks, flaky, detail, took, before] of rows) {
      tests.push({ path, name, tier: data.tiers[tier], status: data.statuses[status], since: data.since[since], marks, now: marks[marks.length - 1], flaky, detail, took, before, at: tests.length, found: (path + "::" + name).toLowerCase() });
    }
  }
  const FILTERS = [
    ["all", () => true],
    ["regressed", (test) => test.status === "regressed"],
    ["failing", (test) => BROKEN.includes(test.now)],
    ["lost", (test) => test.status === "missing" || test.status === "newly_skipped"],
    ["missing", (test) => test.status === "missing"],
    ["flaky", (test) => test.flaky === 1],
    ["new", (test) => test.status === "new"],
    ["newly skipped", (test) => test.status === "newly_skipped"],
    ["fixed", (test) => test.status === "fixed"],
    ["moved", (test) => test.status === "moved"],
    ["skipped", (test) => test.now === "S" || test.now === "X"],
    ["not run", (test) => test.now === "N"],
    ["retired", (test) => test.status === "retired"],
  ];

  const ALWAYS = ["all", "regressed", "missing", "flaky", "new"];
  const rank = (test) => (LOST.has(test.status) || BROKEN.includes(test.now) ? 0 : test.flaky ? 1 : PASSING.includes(test.now) ? 3 : 2);
  const timed = tests.some((test) => test.took !== undefined), compared = tests.some((test) => test.before !== undefined);
  const change = (test) => (test.before === undefined || test.took === undefined ? -Infinity : test.took - test.before);
  const SORTS = [
    ["file", "file", null],
    ["status", "worst first", (one, other) => rank(one) - rank(other)],
    ["tier", "tier", (one, other) => (one.tier < other.tier ? -1 : one.tier > other.tier ? 1 : 0)],
    ["name", "name", (one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0)],
    ...(timed ? [["time", "slowest first", (one, other) => (other.took ?? -1) - (one.took ?? -1)]] : []),
    ...(compared ? [["slower", "slowed down most", (one, other) => (change(other) === change(one) ? 0 : change(other) - change(one))]] : []),
  ];

  const grid = byId("grid"), search = byId("search");
  const head = make("div", "row head"), body = make("div", "body"), pad = make("div", "pad");
  const folded = new Set();
  let filter = FILTERS[0], tier = null, sort = SORTS[0], pair = null;
  let rows = [], active = -1, open = -1, extra = 0, printing = false, asked = false;

  const COLUMNS = [["Test", "name", "name"], ["Tier", "tier", "tier"], ["Status", "status", "status"], ...(timed ? [["Time", "time", "time"]] : [])];
  for (const [text, name, by] of COLUMNS) {
    const cell = make("span", name), button = make("button", "", text);
    cell.setAttribute("role", "columnheader");
    button.type = "button";
    button.tabIndex = -1;
    button.title = "Sort by " + text.toLowerCase();
    button.addEventListener("click", () => sortBy(sort[0] === by ? "file" : by));
    cell.dataset.sort = by;
    cell.append(button);
    head.append(cell);
  }
  for (const session of data.sessions) {
    const cell = make("span", "turn", session);
    cell.title = session;
    cell.setAttribute("role", "columnheader");
    head.append(cell);
  }
  grid.classList.toggle("timed", timed);
  head.setAttribute("role", "row");
  head.setAttribute("aria-rowindex", "1");
  body.setAttribute("role", "rowgroup");
  const top = make("div", "top");
  top.setAttribute("role", "rowgroup");
  top.append(head);
  pad.setAttribute("role", "presentation");
  pad.append(body);
  grid.append(top, pad);
  pad.style.position = body.style.position = "relative";
  grid.setAttribute("aria-colcount", String(COLUMNS.length + data.sessions.length));

  function fit() {
    ROW = narrow.matches ? 46 : 28;
    SHOWN = narrow.matches ? 4 : 12;
    grid.style.setProperty("--row", ROW + "px");
    grid.style.setProperty("--sessions", Math.min(SHOWN, data.sessions.length));
    Array.from(head.querySelectorAll(".turn"), (cell, at) => { cell.hidden = at < data.sessions.length - SHOWN; });
    layout();
  }

  function choose() {
    const wanted = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const keep = pair ? (test) => test.marks[pair[0]] !== test.marks[pair[1]] && filter[1](test) : filter[1];
    const kept = tests.filter((test) => keep(test) && (tier === null || test.tier === tier) && wanted.every((word) => test.found.includes(word)));
    rows = [];
    open = -1;
    grid.classList.toggle("flat", Boolean(sort[2]));
    if (sort[2]) {
      rows = kept.sort((one, other) => sort[2](one, other) || one.at - other.at);
    } else {
      let file = null;
      for (const test of kept) {
        if (file === null || file.path !== test.path) {
          file = { path: test.path, size: 0, passing: 0 };
          rows.push(file);
        }
        file.size += 1;
        file.passing += PASSING.includes(test.now) ? 1 : 0;
        if (!folded.has(test.path)) rows.push(test);
      }
    }
    const files = new Set(kept.map((test) => test.path)).size;
    byId("count").textContent = kept.length.toLocaleString("en") + " of " + tests.length.toLocaleString("en") + " tests in " + files.toLocaleString("en") + (files === 1 ? " file" : " files");
    grid.setAttribute("aria-rowcount", String(rows.length + 1));
    for (const cell of head.querySelectorAll("[data-sort]")) cell.setAttribute("aria-sort", cell.dataset.sort === sort[0] ? (sort[0] === "time" ? "descending" : "ascending") : "none");
    active = Math.min(active, rows.length - 1);
    layout();
  }

  function layout() {
    pad.style.height = Math.max(rows.length, 1) * ROW + (open < 0 ? 0 : extra) + (rows.length ? 0 : 40) + "px";
    draw();
  }

  const place = (at) => at * ROW + (open >= 0 && at > open ? extra : 0);

  function draw() {
    asked = false;
    const first = printing ? 0 : Math.max(0, Math.floor((grid.scrollTop - (open < 0 ? 0 : extra)) / ROW) - SPARE);
    const last = printing ? Math.min(rows.length, MOST_PRINTED) : Math.min(rows.length, Math.ceil((grid.scrollTop + grid.clientHeight) / ROW) + SPARE);
    const drawn = [];
    for (let at = first; at < last; at += 1) {
      drawn.push(line(at));
      if (at === open) drawn.push(detail());
    }
    if (!rows.length) {
      const row = make("div", "empty");
      row.setAttribute("role", "row");
      const cell = make("span", "", "No tests match");
      cell.setAttribute("role", "gridcell");
      row.append(cell);
      drawn.push(row);
    }
    body.replaceChildren(...drawn);
    const shown = byId("detail");
    if (shown && !printing && shown.offsetHeight !== extra) {
      extra = shown.offsetHeight;
      layout();
      return;
    }
    if (active >= first && active < last) grid.setAttribute("aria-activedescendant", "row-" + active);
    else grid.removeAttribute("aria-activedescendant");
  }

  function line(at) {
    const it = rows[at];
    const row = make("div", "row line " + (it.name === undefined ? "file" : "test") + (at === active ? " active" : ""));
    row.id = "row-" + at;
    row.dataset.at = at;
    row.style.top = place(at) + "px";
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", String(at + 2));
    row.setAttribute("aria-level", it.name === undefined || sort[2] ? "1" : "2");
    if (at === active) row.setAttribute("aria-selected", "true");
    const cells = it.name === undefined ? fileCells(it, row) : testCells(it, row, at);
    for (const cell of cells) cell.setAttribute("role", "gridcell");
    row.append(...cells);
    return row;
  }

  function fileCells(file, row) {
    const shown = !folded.has(file.path);
    row.setAttribute("aria-expanded", String(shown));
    const name = make("span", "name", (shown ? "▾ " : "▸ ") + file.path);
    name.title = file.path;
    return [name, make("span", "sum", file.passing.toLocaleString("en") + "/" + file.size.toLocaleString("en") + " pass")];
  }

  const duration = (ms) => (ms === undefined ? "" : ms < 10 ? "<0.01 s" : (ms / 1000).toFixed(2) + " s");
  const slower = (test) => {
    if (test.took === undefined || test.before === undefined) return "";
    const by = test.took - test.before;
    return Math.abs(by) < 10 ? ", as before" : ", " + (by > 0 ? "+" : "−") + (Math.abs(by) / 1000).toFixed(2) + " s";
  };

  function testCells(test, row, at) {
    row.setAttribute("aria-expanded", String(at === open));
    const name = make("span", "name");
    name.append(make("span", "text", test.name));
    if (sort[2]) name.append(make("span", "where", test.path));
    name.title = test.path + "::" + test.name;
    const status = make("span", "status" + (LOST.has(test.status) ? " bad" : ""), (LOST.has(test.status) ? "✗ " : "") + test.status.replaceAll("_", " ") + (test.flaky ? ", flaky" : ""));
    const marks = Array.from(test.marks, (mark, at) => {
      const cell = make("span", "m " + (mark === "." ? "A" : mark), SIGNS[mark]);
      cell.title = data.sessions[at] + ": " + WORDS[mark];
      cell.setAttribute("aria-label", WORDS[mark]);
      return cell;
    }).slice(-SHOWN);
    return [name, make("span", "tier", test.tier), status, ...(timed ? [make("span", "time", duration(test.took))] : []), ...marks];
  }

  function button(name, text, act) {
    const made = make("button", name, text);
    made.type = "button";
    made.addEventListener("click", (event) => { event.stopPropagation(); act(made); });
    return made;
  }

  function detail() {
    const test = rows[open], row = make("div", "detail"), cell = make("div", "cell");
    row.id = "detail";
    row.style.top = (open + 1) * ROW + "px";
    row.setAttribute("role", "row");
    cell.setAttribute("role", "gridcell");
    const id = test.path + "::" + test.name;
    const acts = make("span", "acts");
    acts.append(button("copy", "Copy id", (made) => copy(id, made)), button("copy", "Copy command", (made) => copy("pytest '" + (data.prefix || "") + id.replaceAll("'", "'\\''") + "'", made)));
    const kept = failures.get(id);
    if (kept) acts.append(button("copy", "Show the failure", () => reveal(kept)));
    cell.append(make("span", "id mono", id), make("span", "more", told(test)), acts);
    row.append(cell);
    return row;
  }

  const told = (test) => {
    const flaky = test.marks.indexOf("L");
    return [WORDS[test.now], test.tier, "since " + test.since, test.status.replaceAll("_", " "), flaky < 0 ? (test.flaky ? "flaky" : "") : "flaky since " + data.sessions[flaky] + (flaky === 0 && data.more ? " or earlier" : ""), test.took === undefined ? "" : duration(test.took) + slower(test), test.detail].filter(Boolean).join(" · ");
  };

  function go(at) {
    if (!rows.length) return;
    active = Math.max(0, Math.min(rows.length - 1, at));
    const it = rows[active];
    open = it.name === undefined ? -1 : active;
    layout();
    const above = place(active), below = above + ROW + (open < 0 ? 0 : extra) + top.offsetHeight;
    if (above < grid.scrollTop) grid.scrollTop = above;
    else if (below > grid.scrollTop + grid.clientHeight) grid.scrollTop = below - grid.clientHeight;
    byId("said").textContent = it.name === undefined ? it.path + ": " + it.passing + " of " + it.size + " shown tests pass" : it.path + "::" + it.name + ": " + told(it);
    draw();
  }

  function fold(at) {
    const it = rows[at];
    if (!it) return;
    if (it.name !== undefined) {
      open = open === at ? -1 : at;
      layout();
      return;
    }
    if (!folded.delete(it.path)) folded.add(it.path);
    choose();
  }

  const STEPS = { ArrowDown: () => active + 1, ArrowUp: () => active - 1, PageDown: () => active + page(), PageUp: () => active - page(), Home: () => 0, End: () => rows.length - 1 };
  const page = () => Math.max(1, Math.floor(grid.clientHeight / ROW) - 2);

  grid.addEventListener("scroll", () => { if (!asked) { asked = true; requestAnimationFrame(draw); } }, { passive: true });
  grid.addEventListener("keydown", (event) => {
    if (event.target !== grid) return;
    if (event.key in STEPS) go(STEPS[event.key]());
    else if (event.key === "Enter" || event.key === " ") fold(active);
    else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && rows[active] && rows[active].name === undefined) {
      if (folded.has(rows[active].path) === (event.key === "ArrowRight")) fold(active);
    } else return;
    event.preventDefault();
  });
  grid.addEventListener("click", (event) => {
    const row = event.target.closest("[data-at]");
    if (!row) return;
    const at = Number(row.dataset.at);
    if (at === open) { fold(at); return; }
    go(at);
    if (rows[at].name === undefined) fold(at);
    else remember("test", rows[at].path + "::" + rows[at].name);
  });
  search.addEventListener("input", () => { grid.scrollTop = 0; choose(); });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; choose(); }
    if (event.key === "ArrowDown") { event.preventDefault(); grid.focus(); go(0); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) { event.preventDefault(); search.focus(); }
  });

  function chip(text, size, pressed, act) {
    const made = make("button", "", text);
    made.type = "button";
    made.append(make("span", "n", size.toLocaleString("en")));
    made.setAttribute("aria-pressed", String(pressed));
    made.addEventListener("click", act);
    return made;
  }
  const press = (buttons, chosen) => { for (const one of buttons) one.setAttribute("aria-pressed", String(one === chosen)); };

  const sizes = FILTERS.map((one) => tests.reduce((sum, test) => sum + (one[1](test) ? 1 : 0), 0));
  const buttons = FILTERS.map((one, at) => {
    const made = chip(one[0], sizes[at], one === filter, () => { filterBy(one[0]); remember("filter", key(one[0])); });
    made.dataset.filter = one[0];
    made.hidden = one[0] === "lost" || (sizes[at] === 0 && !ALWAYS.includes(one[0]));
    return made;
  });
  byId("filters").append(...buttons);
  const key = (name) => name.replaceAll(" ", "_");
  function filterBy(name) {
    const at = FILTERS.findIndex((one) => key(one[0]) === key(name));
    if (at < 0) return false;
    filter = FILTERS[at];
    press(buttons, buttons[at]);
    grid.scrollTop = 0;
    choose();
    return true;
  }

  const tierChips = data.tiers.map((name) => {
    const made = chip(name, tests.reduce((sum, test) => sum + (test.tier === name ? 1 : 0), 0), false, () => {
      tierOnly(tier === name ? null : name);
      if (tier !== null) remember("tier", name);
    });
    made.dataset.tier = name;
    return made;
  });
  if (data.tiers.length > 1) byId("tiers").append(...tierChips);
  function tierOnly(name) {
    if (name !== null && !data.tiers.includes(name)) return false;
    tier = name;
    press(tierChips, tierChips[data.tiers.indexOf(name)]);
    grid.scrollTop = 0;
    choose();
    return true;
  }

  const option = (value, text) => { const made = make("option", "", text); made.value = value; return made; };
  const sorting = byId("sort");
  sorting.append(...SORTS.map((one) => option(one[0], one[1])));
  sorting.addEventListener("change", () => { sortBy(sorting.value); remember("sort", sorting.value); });
  function sortBy(name) {
    const found = SORTS.find((one) => one[0] === name);
    if (!found) return false;
    sort = found;
    sorting.value = name;
    active = -1;
    grid.scrollTop = 0;
    choose();
    return true;
  }

  const from = byId("from"), to = byId("to");
  if (data.sessions.length > 1) {
    byId("compare").hidden = false;
    from.append(option("", "no session"), ...data.sessions.map((session, at) => option(at, session)));
    to.append(...data.sessions.map((session, at) => option(at, session)));
    to.value = String(data.sessions.length - 1);
    for (const one of [from, to]) one.addEventListener("change", () => { compare(); if (pair) remember("compare", data.sessions[pair[0]] + ".." + data.sessions[pair[1]]); });
  }
  function compare() {
    const before = pair;
    pair = from.value === "" || from.value === to.value ? null : [Number(from.value), Number(to.value)];
    if (pair && !before) filterBy("all"); // the page opens on the failing tests, and hides most of what differs
    if (pair) {
      const count = { broke: 0, fixed: 0, added: 0, gone: 0, "changed otherwise": 0, same: 0 };
      for (const { marks } of tests) {
        const was = marks[pair[0]], is = marks[pair[1]];
        if (was === is) count.same += is === "." ? 0 : 1;
        else if (was === ".") count.added += 1;
        else if (is === "M" || is === "R" || is === ".") count.gone += 1;
        else if (PASSING.includes(was) && BROKEN.includes(is)) count.broke += 1;
        else if (BROKEN.includes(was) && PASSING.includes(is)) count.fixed += 1;
        else count["changed otherwise"] += 1;
      }
      byId("compared").textContent = Object.entries(count).filter((one) => one[1]).map(([word, number]) => number.toLocaleString("en") + " " + word).join(" · ");
    } else byId("compared").textContent = "";
    choose();
  }

  const failures = new Map(Array.from(document.querySelectorAll("#failing ~ .failures .failure"), (box) => [box.dataset.test, box]));
  function copy(text, made) {
    const done = (worked) => {
      const before = made.dataset.words || made.textContent;
      made.dataset.words = before;
      made.textContent = worked ? "Copied" : "Select it and copy";
      setTimeout(() => { made.textContent = before; }, 1500);
    };
    const byHand = () => {
      const area = make("textarea", "hidden");
      area.value = text;
      document.body.append(area);
      area.select();
      const worked = document.execCommand("copy");
      area.remove();
      done(worked);
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => done(true), byHand);
    else byHand();
  }
  for (const made of document.querySelectorAll("[data-copy]")) {
    made.hidden = false;
    made.addEventListener("click", () => copy(made.dataset.copy, made));
  }

  function reveal(box) {
    for (let outer = box; outer; outer = outer.parentElement.closest("details")) outer.open = true;
    box.scrollIntoView({ block: "start" });
    box.querySelector("summary").focus({ preventScroll: true });
  }
  function showTest(id) {
    const box = failures.get(id);
    if (box) { reveal(box); return; }
    const found = tests.find((test) => test.path + "::" + test.name === id);
    if (!found) return;
    search.value = "";
    pair = null;
    from.value = "";
    byId("compared").textContent = "";
    folded.delete(found.path);
    tierOnly(null);
    filterBy("all");
    go(rows.indexOf(found));
    toTests();
    grid.focus({ preventScroll: true });
  }
  const toTests = () => byId("tests").scrollIntoView({ block: "start" });
  const GOES = {
    test: showTest,
    filter: (name) => { if (filterBy(name)) toTests(); },
    tier: (name) => { if (tierOnly(name)) toTests(); },
    sort: (name) => { if (sortBy(name)) toTests(); },
    compare: (names) => {
      const ends = names.split("..").map((name) => data.sessions.indexOf(name));
      if (ends.length !== 2 || ends.includes(-1)) return;
      from.value = String(ends[0]);
      to.value = String(ends[1]);
      compare();
      toTests();
    },
  };
  const remember = (what, name) => history.replaceState(null, "", "#" + what + "=" + encodeURIComponent(name));
  function follow() {
    const found = /^#(\w+)=(.*)$/s.exec(location.hash);
    let name = found ? found[2] : "";
    try { name = decodeURIComponent(name); } catch { /* it was written by hand, and stands as it is */ }
    if (found && Object.hasOwn(GOES, found[1])) GOES[found[1]](name);
    else if (location.hash === "#document") unfold();
  }
  const unfold = () => { for (const box of document.querySelectorAll("#document > details")) box.open = true; };
  addEventListener("hashchange", follow);
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    link.addEventListener("click", () => { if (link.hash === location.hash) follow(); });
  }
  addEventListener("resize", fit);
  let wasOpen = [];
  addEventListener("beforeprint", () => {
    printing = true;
    wasOpen = Array.from(document.querySelectorAll("details")).filter((box) => !box.open && !box.closest("#files"));
    for (const box of wasOpen) box.open = true;
    draw();
  });
  addEventListener("afterprint", () => { printing = false; for (const box of wasOpen) box.open = false; draw(); });
  fit();
  if (sizes[2]) filterBy("failing");
  else choose();

  const files = byId("files"), FIRST = 150;
  const numbers = (text) => (text.length > 90 ? text.slice(0, 88) + "…" : text);
  function fileOf(file) {
    const box = make("details", file.n ? "" : "empty"), summary = make("summary");
    const meter = make("span", "meter"), filled = make("i");
    meter.setAttribute("aria-hidden", "true");
    filled.style.width = (file.n ? (100 * file.c) / file.n : 100) + "%";
    meter.append(filled);
    const lines = make("span", "lines");
    if (file.missing) lines.append(make("b", "", "✗ "), "missing " + numbers(file.missing));
    else lines.append(file.n ? "✓ every statement ran" : "no statements");
    if (file.new) lines.append(make("br"), file.new_missing ? "◆ new and missing " + numbers(file.new_missing) : "◆ new " + numbers(file.new));
    summary.append(make("span", "path mono", file.path), meter, make("span", "num", file.n ? file.percent : "–"), lines);
    box.append(summary);
    box.addEventListener("toggle", () => { if (box.open && box.children.length === 1) box.append(sourceOf(file)); });
    return box;
  }
  function sourceOf(file) {
    if (typeof file.source !== "string") return make("p", "quiet", file.why || "Nothing is missing and nothing is new in this file.");
    const missing = new Set(file.marks.missing), fresh = new Set(file.marks.new);
    const source = make("div", "source mono");
    source.tabIndex = 0;
    source.setAttribute("role", "group");
    source.setAttribute("aria-label", "Lines of " + file.path);
    const all = file.source.replace(/\r?\n$/, "").split(/\r\n|\r|\n/);
    all.forEach((text, at) => {
      const number = at + 1, out = missing.has(number), young = fresh.has(number);
      const row = make("div", "l" + (young ? " fresh" : "") + (out ? " missing" : ""));
      row.append(make("span", "no", number), make("span", "tag", out ? (young ? "✗ new" : "✗ missing") : young ? "◆ new" : ""), make("span", "", text));
      source.append(row);
    });
    return source;
  }
  if (files) {
    files.append(...data.coverage.slice(0, FIRST).map(fileOf));
    if (data.coverage.length > FIRST) {
      const more = make("button", "more-files", "Show " + (data.coverage.length - FIRST).toLocaleString("en") + " more files");
      more.type = "button";
      more.addEventListener("click", () => { files.append(...data.coverage.slice(FIRST).map(fileOf)); more.remove(); });
      files.after(more);
    }
  }
  follow();
})();
