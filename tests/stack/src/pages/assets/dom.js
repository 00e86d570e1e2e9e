// Small helpers for the page's elements.

export const byId = (id) => document.getElementById(id);

/** An element with these attributes (`on…` adds a listener) and children. Strings become text, never markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

/** A button that copies the result of `text()` and confirms it in its label. */
export function copyButton(label, text) {
  const button = element("button", { type: "button", class: "small", "aria-live": "polite" }, label);
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text())) ? "Copied" : "Could not copy";
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  return button;
}

/** Copies the text to the clipboard and returns whether that succeeded. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Shows a message in a card: `good`, `warn`, `bad` or, with an empty kind, neutral. */
export function note(id, kind, ...parts) {
  const line = byId(id);
  line.className = `result ${kind}`;
  line.replaceChildren(...parts);
}

/** Shows the outcome of an action in its card and scrolls it into view. */
export function tell(id, kind, ...parts) {
  note(id, kind, ...parts);
  byId(id).scrollIntoView({ block: "nearest" });
}

/** Clears the messages in all cards. */
export function clearNotes() {
  for (const line of document.querySelectorAll(".result")) line.replaceChildren();
}
