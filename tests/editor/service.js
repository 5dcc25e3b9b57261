// Answers questions to the language service of Visual Studio Code, headless.
//
// Reads a JSON list of questions from standard input and prints the list of answers. A question
// has the text of a method file and its kind: `check` is answered by the messages of all mistakes,
// `hover` by a text, and `complete` by the suggestions as a person sees them, in order. The last
// two have an offset in the text. The schema is that of the address `schema`, else of the text.

const fs = require("fs");
const { fileURLToPath } = require("url");
const { getLanguageService, TextDocument } = require("vscode-json-languageservice");

const service = getLanguageService({
  schemaRequestService: async (uri) => fs.readFileSync(fileURLToPath(uri), "utf8"),
  workspaceContext: { resolveRelativePath: (path, base) => new URL(path, base).toString() },
});

function shown({ label, sortText, documentation, insertText }) {
  const text = documentation?.value ?? documentation ?? "";
  return { label: label.replace(/^"|"$/g, ""), order: sortText ?? label, text, insertText };
}

async function answer({ file, schema, text, offset, kind }) {
  const schemas = schema ? [{ uri: schema, fileMatch: ["*"] }] : [];
  service.configure({ validate: true, schemas });
  const document = TextDocument.create(file ?? "file:///method.json", "json", 1, text);
  const tree = service.parseJSONDocument(document);
  if (kind === "check") return (await service.doValidation(document, tree)).map((p) => p.message);
  const position = document.positionAt(offset);
  if (kind === "hover") return (await service.doHover(document, position, tree))?.contents.join("");
  const { items } = await service.doComplete(document, position, tree);
  const suggestions = items.map(shown);
  return suggestions.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
}

async function main() {
  const answers = [];
  for (const question of JSON.parse(fs.readFileSync(0, "utf8"))) {
    answers.push(await answer(question));
  }
  console.log(JSON.stringify(answers));
}

main();
