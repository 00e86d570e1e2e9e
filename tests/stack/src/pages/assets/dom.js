// Small helpers for the page's elements.

export const byId = (id) => document.getElementById(id);

/** An element with these attributes (an `on…` is a listener) and children; texts are text, never markup. */
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

/** A button that copies what `text()` gives, and says so on itself. */
export function copyButton(label, text) {
  const button = element("button", { type: "button", class: "small", "aria-live": "polite" }, label);
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text())) ? "Copied" : "Could not copy";
    setTimeout(() => { button.textContent = label; }, 2000);
  });
  return button;
}

/** Whether the text is on the clipboard now. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Says something in a card: `good`, `bad` or nothing in particular. */
export function note(id, kind, ...parts) {
  const line = byId(id);
  line.className = `result ${kind}`;
  line.replaceChildren(...parts);
}

/** Says in a card how its action ended, and brings that into view. */
export function tell(id, kind, ...parts) {
  note(id, kind, ...parts);
  byId(id).scrollIntoView({ block: "nearest" });
}

/** Takes back what was said in every card. */
export function clearNotes() {
  for (const line of document.querySelectorAll(".result")) line.replaceChildren();
}
