// The page that runs the program: two texts in, what the program prints out.

import { run } from "./wasi.mjs";
import { examples } from "./examples.mjs";

const VIEWS = {
  impact: ["impact", "before.yaml", "after.yaml"],
  explain: ["explain", "after.yaml"],
  stamp: ["after.yaml"],
  check: ["check", "--verbose", "after.yaml"],
};
const at = (id) => document.getElementById(`try-${id}`);
const tabs = [...document.querySelectorAll("#try [data-view]")];
let module, view = "impact", last = 0;

async function show() {
  const mine = ++last, args = ["--color", "never"];
  const words = VIEWS[view];
  at("command").textContent = ["rollstamp", ...words].join(" ");
  for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.view === view));
  if (!module) return;
  let text;
  try {
    const files = { "before.yaml": at("before").value, "after.yaml": at("after").value };
    const { code, stdout, stderr } = await run(module, { args: ["rollstamp", ...words, ...args], files });
    const decoder = new TextDecoder();
    const parts = [decoder.decode(stdout), decoder.decode(stderr)];
    // What could not be read comes first: below, a line that says "nothing rolls" would be taken for the answer.
    if (code === 2) parts.reverse();
    text = parts.filter((part) => part.trim() !== "").join("\n");
    text = text || `(nothing is said; exit code ${code})`;
  } catch (error) {
    text = `The program ended early: ${error}`;
  }
  // A slower run must not overtake a later one.
  if (mine !== last) return;
  at("said").textContent = text;
  at("said").dataset.view = view;
}

function choose(example) {
  at("before").value = example.before;
  at("after").value = example.after;
  show();
}

async function begin() {
  examples.forEach(({ title }, number) => at("example").add(new Option(title, String(number))));
  at("example").addEventListener("change", () => choose(examples[Number(at("example").value)]));
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      view = tab.dataset.view;
      show();
    });
  }
  let timer;
  for (const side of [at("before"), at("after")]) {
    side.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(show, 150);
    });
  }
  choose(examples[0]);
  try {
    const answer = await fetch(new URL("rollstamp.wasm", import.meta.url));
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    module = await WebAssembly.compile(await answer.arrayBuffer());
  } catch (error) {
    at("said").textContent = `This copy of the book comes without the program (${error.message}): integrations/try/build.sh makes it.`;
    return;
  }
  show();
}

// The page that prints the whole book needs no program.
if (!location.pathname.endsWith("print.html")) begin();
