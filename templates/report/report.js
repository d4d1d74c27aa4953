"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SIGNS = { P: "✓", F: "✗", E: "!", S: "–", X: "x", U: "u", N: "○", M: "∅", R: "r", ".": "·" };
  const WORDS = { P: "passed", F: "failed", E: "error", S: "skipped", X: "xfailed", U: "xpassed", N: "not run", M: "missing", R: "retired", ".": "not there yet" };
  const LOST = new Set(["regressed", "still_failing", "missing", "newly_skipped"]);
  const ROW = 28, SPARE = 12, MOST_PRINTED = 400;
  const byId = (id) => document.getElementById(id);
  const make = (tag, name, text) => {
    const node = document.createElement(tag);
    if (name) node.className = name;
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const tests = [];
  for (const [path, rows] of data.files) {
    for (const [name, tier, status, since, marks, flaky, detail] of rows) {
      tests.push({ path, name, tier: data.tiers[tier], status: data.statuses[status], since: data.since[since], marks, now: marks[marks.length - 1], flaky, detail, found: (path + "::" + name).toLowerCase() });
    }
  }
  const FILTERS = [
    ["all", () => true],
    ["regressed", (test) => test.status === "regressed"],
    ["failing", (test) => test.now === "F" || test.now === "E"],
    ["missing", (test) => test.status === "missing"],
    ["flaky", (test) => test.flaky === 1],
    ["new", (test) => test.status === "new"],
    ["skipped", (test) => test.now === "S" || test.now === "X"],
    ["not run", (test) => test.now === "N"],
    ["retired", (test) => test.status === "retired"],
  ];

  const grid = byId("grid"), search = byId("search");
  const head = make("div", "row head"), body = make("div", "body"), pad = make("div", "pad");
  const folded = new Set();
  let filter = FILTERS[0], rows = [], active = -1, printing = false, asked = false;

  grid.style.setProperty("--sessions", data.sessions.length);
  head.setAttribute("role", "row");
  head.setAttribute("aria-rowindex", "1");
  for (const [text, name] of [["Test", "name"], ["Tier", "tier"], ["Status", "status"], ...data.sessions.map((session) => [session, "turn"])]) {
    const cell = make("span", name, text);
    cell.setAttribute("role", "columnheader");
    head.append(cell);
  }
  body.setAttribute("role", "rowgroup");
  const top = make("div", "top");
  top.setAttribute("role", "rowgroup");
  top.append(head);
  pad.setAttribute("role", "presentation");
  pad.append(body);
  grid.append(top, pad);
  pad.style.position = body.style.position = "relative";
  top.style.cssText = "position:sticky;top:0;z-index:1";
  grid.setAttribute("aria-colcount", String(3 + data.sessions.length));

  function choose() {
    const wanted = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const keep = filter[1];
    const kept = tests.filter((test) => keep(test) && wanted.every((word) => test.found.includes(word)));
    rows = [];
    let file = null;
    for (const test of kept) {
      if (file === null || file.path !== test.path) {
        file = { path: test.path, size: 0, passing: 0 };
        rows.push(file);
      }
      file.size += 1;
      file.passing += test.now === "P" || test.now === "U" ? 1 : 0;
      if (!folded.has(test.path)) rows.push(test);
    }
    const files = new Set(kept.map((test) => test.path)).size;
    byId("count").textContent = kept.length.toLocaleString("en") + " of " + tests.length.toLocaleString("en") + " tests in " + files.toLocaleString("en") + (files === 1 ? " file" : " files");
    grid.setAttribute("aria-rowcount", String(rows.length + 1));
    pad.style.height = rows.length * ROW + "px";
    active = Math.min(active, rows.length - 1);
    draw();
  }

  function draw() {
    asked = false;
    const first = printing ? 0 : Math.max(0, Math.floor(grid.scrollTop / ROW) - SPARE);
    const last = printing ? Math.min(rows.length, MOST_PRINTED) : Math.min(rows.length, Math.ceil((grid.scrollTop + grid.clientHeight) / ROW) + SPARE);
    const drawn = [];
    for (let at = first; at < last; at += 1) drawn.push(line(at));
    if (!rows.length) {
      const row = make("div", "empty");
      row.setAttribute("role", "row");
      const cell = make("span", "", "No test is like that.");
      cell.setAttribute("role", "gridcell");
      row.append(cell);
      drawn.push(row);
    }
    body.replaceChildren(...drawn);
    if (active >= first && active < last) grid.setAttribute("aria-activedescendant", "row-" + active);
    else grid.removeAttribute("aria-activedescendant");
  }

  function line(at) {
    const it = rows[at];
    const row = make("div", "row line " + (it.name === undefined ? "file" : "test") + (at === active ? " active" : ""));
    row.id = "row-" + at;
    row.dataset.at = at;
    row.style.top = at * ROW + "px";
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", String(at + 2));
    row.setAttribute("aria-level", it.name === undefined ? "1" : "2");
    if (at === active) row.setAttribute("aria-selected", "true");
    const cells = it.name === undefined ? fileCells(it, row) : testCells(it);
    for (const cell of cells) cell.setAttribute("role", "gridcell");
    row.append(...cells);
    return row;
  }

  function fileCells(file, row) {
    const open = !folded.has(file.path);
    row.setAttribute("aria-expanded", String(open));
    const name = make("span", "name", (open ? "▾ " : "▸ ") + file.path);
    name.title = file.path;
    return [name, make("span", "sum", file.passing.toLocaleString("en") + "/" + file.size.toLocaleString("en") + " pass")];
  }

  function testCells(test) {
    const name = make("span", "name", test.name);
    name.title = test.name;
    const status = make("span", "status" + (LOST.has(test.status) ? " bad" : ""), (LOST.has(test.status) ? "✗ " : "") + test.status.replaceAll("_", " ") + (test.flaky ? ", flaky" : ""));
    const marks = Array.from(test.marks, (mark, at) => {
      const cell = make("span", "m " + (mark === "." ? "A" : mark), SIGNS[mark]);
      cell.title = data.sessions[at] + ": " + WORDS[mark];
      cell.setAttribute("aria-label", WORDS[mark]);
      return cell;
    });
    return [name, make("span", "tier", test.tier), status, ...marks];
  }

  function go(at) {
    if (!rows.length) return;
    active = Math.max(0, Math.min(rows.length - 1, at));
    const above = active * ROW, below = above + ROW + top.offsetHeight;
    if (above < grid.scrollTop) grid.scrollTop = above;
    else if (below > grid.scrollTop + grid.clientHeight) grid.scrollTop = below - grid.clientHeight;
    tell(rows[active]);
    draw();
  }

  function tell(it) {
    const said = it.name === undefined
      ? [it.path, it.passing + " of " + it.size + " shown tests pass"]
      : [it.path + "::" + it.name, [WORDS[it.now], it.tier, "since " + it.since, it.status.replaceAll("_", " "), it.flaky ? "flaky" : "", it.detail].filter(Boolean).join(" · ")];
    byId("detail").replaceChildren(make("span", "id mono", said[0]), make("span", "more", said[1]));
  }

  function fold(at) {
    const it = rows[at];
    if (!it || it.name !== undefined) return;
    if (!folded.delete(it.path)) folded.add(it.path);
    choose();
  }

  const STEPS = { ArrowDown: () => active + 1, ArrowUp: () => active - 1, PageDown: () => active + page(), PageUp: () => active - page(), Home: () => 0, End: () => rows.length - 1 };
  const page = () => Math.max(1, Math.floor(grid.clientHeight / ROW) - 2);

  grid.addEventListener("scroll", () => { if (!asked) { asked = true; requestAnimationFrame(draw); } }, { passive: true });
  grid.addEventListener("keydown", (event) => {
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
    go(at);
    fold(at);
  });
  search.addEventListener("input", () => { grid.scrollTop = 0; choose(); });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { search.value = ""; choose(); }
    if (event.key === "ArrowDown") { event.preventDefault(); grid.focus(); go(0); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && event.target.tagName !== "INPUT") { event.preventDefault(); search.focus(); }
  });

  const buttons = FILTERS.map((one) => {
    const size = tests.reduce((sum, test) => sum + (one[1](test) ? 1 : 0), 0);
    const button = make("button", "", one[0]);
    button.type = "button";
    button.dataset.filter = one[0];
    button.append(make("span", "n", size.toLocaleString("en")));
    button.setAttribute("aria-pressed", String(one === filter));
    button.hidden = size === 0 && !["all", "regressed", "missing", "flaky", "new"].includes(one[0]);
    button.addEventListener("click", () => {
      filter = one;
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      grid.scrollTop = 0;
      choose();
    });
    return button;
  });
  byId("filters").append(...buttons);
  addEventListener("resize", draw);
  addEventListener("beforeprint", () => { printing = true; draw(); });
  addEventListener("afterprint", () => { printing = false; draw(); });
  choose();

  const files = byId("files"), FIRST = 150;
  const numbers = (text) => (text.length > 90 ? text.slice(0, 88) + "…" : text);
  function fileOf(file) {
    const box = make("details"), summary = make("summary");
    const meter = make("span", "meter"), filled = make("i");
    meter.setAttribute("aria-hidden", "true");
    filled.style.width = (file.n ? (100 * file.c) / file.n : 100) + "%";
    meter.append(filled);
    const lines = make("span", "lines");
    if (file.missing) lines.append(make("b", "", "✗ "), "missing " + numbers(file.missing));
    else lines.append(file.n ? "✓ every statement ran" : "no statements");
    if (file.new) lines.append(make("br"), file.new_missing ? "◆ new and missing " + numbers(file.new_missing) : "◆ new " + numbers(file.new));
    summary.append(make("span", "path mono", file.path), meter, make("span", "num", file.percent), lines);
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
})();
