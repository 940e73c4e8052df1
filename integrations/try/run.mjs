// Runs the program of the page under node: one call a line on the standard input, as JSON with `args`, and with
// `stdin` and the values of `files` in base64; one answer a line, as JSON with `code`, `stdout` and `stderr`.
//
//     node integrations/try/run.mjs rollstamp.wasm < calls

import { readFileSync } from "node:fs";
import { run } from "../../docs/try/wasi.mjs";

const module = await WebAssembly.compile(readFileSync(process.argv[2]));
const bytes = (text) => new Uint8Array(Buffer.from(text ?? "", "base64"));
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { args, stdin, files = {} } = JSON.parse(line);
  const given = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, bytes(text)]));
  let answer;
  try {
    const { code, stdout, stderr } = await run(module, { args, stdin: bytes(stdin), files: given });
    const text = (of) => Buffer.from(of).toString("base64");
    answer = { code, stdout: text(stdout), stderr: text(stderr) };
  } catch (error) {
    answer = { code: -1, stdout: "", stderr: Buffer.from(String(error)).toString("base64") };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
