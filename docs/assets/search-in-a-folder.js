// Let the site's search work where its pages are opened from a folder: a browser starts no worker from file://, so a hidden
// frame does its work. The theme looks for the name IFrameWorker to know that.
"use strict";
(() => {
  if (location.protocol !== "file:") return;

  const load = (inner, address) =>
    new Promise((resolve, reject) => {
      const script = inner.document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${address} cannot be loaded`));
      inner.document.body.append(script);
    });

  class FrameWorker extends EventTarget {
    constructor(address) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inner = this.frame.contentWindow;
      inner.document.open();
      inner.document.write("<!doctype html><body></body>");
      inner.document.close();
      inner.postMessage = (data) => this.hear(data);
      inner.importScripts = (...names) => names.reduce((before, name) => before.then(() => load(inner, name)), Promise.resolve());
      this.ready = load(inner, new URL(address, document.baseURI).href);
    }

    hear(data) {
      const message = new MessageEvent("message", { data });
      this.dispatchEvent(message);
      if (this.onmessage) this.onmessage(message);
    }

    postMessage(data) {
      const inner = this.frame.contentWindow;
      this.ready.then(() => inner.dispatchEvent(new MessageEvent("message", { data: structuredClone(data) })));
    }

    terminate() {
      this.frame.remove();
    }
  }

  window.IFrameWorker = window.Worker = FrameWorker;
})();
