"use strict";
// Keys, a clock, a heartbeat. Everything that a page needs works without this.

/** @returns {boolean} whether keys belong to a field. */
const typing = () => {
  const at = document.activeElement;
  return at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement ||
    (at instanceof HTMLInputElement && at.type !== "checkbox");
};

const csrf = () => document.querySelector("input[name=csrf]")?.value ?? "";
const visible = (element) => element.getClientRects().length > 0;

/** What a key leads to. */
const use = (target) => {
  if (target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement) {
    target.click();
  } else if (target instanceof HTMLFieldSetElement) {
    target.querySelector("select, button")?.focus();
  } else if (target instanceof HTMLDetailsElement) {
    target.open = !target.open;
    target.querySelector("select, input:not([type=hidden])")?.focus();
  } else {
    target.focus();
  }
};

/** From card to card of the queue. */
const move = (step) => {
  const links = [...document.querySelectorAll(".queue h2 a")];
  if (links.length === 0) return false;
  const at = links.findIndex((link) => link.closest("li").contains(document.activeElement));
  const to = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
  links[to].focus();
  return true;
};

const select = () => {
  const box = document.activeElement?.closest(".queue li")?.querySelector("input[name=id]");
  if (box) box.checked = !box.checked;
  return Boolean(box);
};

const words = (element) => {
  const copy = (element.querySelector("legend, summary") ?? (element.closest("label") || element)).cloneNode(true);
  copy.querySelectorAll("kbd, select, textarea, input, option, [lang=en]").forEach((part) => part.remove());
  return copy.textContent.trim();
};

/** All keys of this page. */
const help = () => {
  const old = document.querySelector("dialog.help");
  if (old) {
    old.close();
    old.remove();
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.className = "help";
  dialog.setAttribute("aria-label", "Tombol (keys)");
  const list = document.createElement("dl");
  const row = (key, text) => {
    const [term, value, mark] = ["dt", "dd", "kbd"].map((name) => document.createElement(name));
    mark.textContent = key;
    value.textContent = text;
    term.append(mark);
    list.append(term, value);
  };
  const seen = new Set();
  for (const element of document.querySelectorAll("[data-key]")) {
    const key = element.dataset.key;
    if (visible(element) && !seen.has(key)) {
      seen.add(key);
      row(key, words(element));
    }
  }
  if (document.querySelector("fieldset[data-key]")) row("1–9", "alasan dalam kelompok yang dipilih");
  if (document.querySelector(".queue")) {
    row("j / k", "kasus berikutnya / sebelumnya");
    row("s", "pilih kasus");
  }
  row("?", "bantuan ini");
  row("Esc", "tutup, keluar dari isian");
  const title = document.createElement("h2");
  title.textContent = "Tombol";
  dialog.append(title, list);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const key = event.key;
  if (key === "Escape" && typing()) {
    document.activeElement.blur();
    return;
  }
  if (typing()) return;
  let done = true;
  const group = document.activeElement?.closest("fieldset[data-key]");
  if (key === "?") help();
  else if (document.querySelector("dialog.help")) done = false;
  else if (/^[1-9]$/.test(key) && group) group.querySelectorAll("button[name=choice]")[Number(key) - 1]?.click();
  else if (key === "j") done = move(1);
  else if (key === "k" && !document.querySelector("[data-key=k]")) done = move(-1);
  else if (key === "s") done = select();
  else {
    const target = /^[a-z]$/.test(key) && [...document.querySelectorAll(`[data-key=${key}]`)].find(visible);
    if (target) use(target);
    else done = false;
  }
  if (done) event.preventDefault();
});

// A second click would find the case changed by the first.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

const tick = () => {
  for (const clock of document.querySelectorAll("[data-due]")) {
    const left = Math.max(0, Math.round((Number(clock.dataset.due) - Date.now()) / 1000));
    clock.textContent = left === 0 ? "sekarang" : `dalam ${Math.floor(left / 60)} menit ${left % 60} detik`;
  }
};
setInterval(tick, 1000);
tick();

const beat = async () => {
  const lock = document.querySelector("[data-heartbeat]");
  if (!lock || document.hidden) return;
  const fields = [...document.querySelectorAll("main > .columns input[data-version], main > .row input[data-version]")];
  const body = new URLSearchParams({ version: fields[0]?.value ?? "0" });
  const answer = await fetch(lock.dataset.heartbeat, {
    method: "POST", body, headers: { "x-csrf-token": csrf(), accept: "application/json" },
  }).catch(() => null);
  if (!answer?.ok) return;
  const { version, seen } = await answer.json();
  // Only this page's own lock may have moved the version by one.
  if (version === seen + 1) fields.forEach((field) => { field.value = String(version); });
};
setInterval(beat, 60_000);

const place = document.querySelector("[data-poll]");
let tag = "";
const poll = async () => {
  if (document.hidden) return;
  const headers = tag ? { "if-none-match": tag, accept: "application/json" } : { accept: "application/json" };
  const answer = await fetch(place.dataset.poll, { headers, cache: "no-store" }).catch(() => null);
  if (answer?.status !== 200) return;
  const now = answer.headers.get("etag");
  if (tag && now !== tag && !place.firstChild) {
    const link = document.createElement("a");
    link.href = location.href;
    link.dataset.key = "z";
    link.textContent = "Antrean berubah, muat ulang (z)";
    place.append(link);
  }
  tag = now;
};
if (place) {
  setInterval(poll, 10_000);
  poll();
}
