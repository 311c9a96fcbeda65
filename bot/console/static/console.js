/* What pages need beside htmx: an alert's sound, copying, and printing. No inline scripts. */
"use strict";
document.addEventListener("click", (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const from = document.getElementById(copy.dataset.copy);
    const text = "value" in from ? from.value : from.innerText;
    navigator.clipboard.writeText(text).then(() => {
      copy.textContent = "已复制";
    });
  }
  if (event.target.closest("[data-print]")) window.print();
  const fill = event.target.closest("[data-fill]");
  if (fill) {
    const into = document.getElementById(fill.dataset.into);
    into.value = fill.dataset.fill;
    into.focus();
  }
});

/* Browsers let a page sound only after it has been touched once. */
let heard = null;
function ring() {
  const context = new (window.AudioContext || window.webkitAudioContext)();
  [0, 0.35, 0.7].forEach((at) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = 880;
    volume.gain.value = 0.2;
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + at);
    tone.stop(context.currentTime + at + 0.2);
  });
}
function look() {
  const alerts = document.querySelector("[data-alerts]");
  if (!alerts) return;
  const count = Number(alerts.dataset.alerts);
  if (heard !== null && count > heard) ring();
  if (heard === null && count > 0) document.addEventListener("click", ring, { once: true });
  heard = count;
}
document.addEventListener("DOMContentLoaded", look);
document.addEventListener("htmx:afterSwap", look);
