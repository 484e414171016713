// Compares the public API of the package in the working directory with the committed report, etc/<entry>.api.md, and checks that every
// exported symbol has a doc comment and that every type an exported one mentions is exported too. UPDATE_API=1 rewrites the report.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import ts from "typescript";
import { packageEntries } from "./package-entries.mjs";

const update = process.env.UPDATE_API === "1";
const folder = process.cwd();
const reports = resolve(folder, "etc");
const compilerOptions = {
  target: "ES2022",
  module: "NodeNext",
  moduleResolution: "NodeNext",
  lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
  types: ["node"],
  strict: true,
  skipLibCheck: true,
};

const problems = [];
const { packageName, entries } = packageEntries(folder);
const exported = inspectExports();
mkdirSync(reports, { recursive: true });
const temporary = mkdtempSync(join(tmpdir(), "api-report-"));
try {
  for (const entry of entries) report(entry);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
removeOrphans();

if (problems.length > 0) {
  for (const problem of problems) console.error(`${packageName}: ${problem}`);
  process.exit(1);
}

/** Names that any entry exports; notes those without a doc comment. */
function inspectExports() {
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, folder);
  const program = ts.createProgram(
    entries.map((entry) => entry.types),
    options,
  );
  const checker = program.getTypeChecker();
  const names = new Set();
  for (const entry of entries) {
    const source = program.getSourceFile(entry.types);
    const module = source && checker.getSymbolAtLocation(source);
    for (const symbol of module ? checker.getExportsOfModule(module) : []) {
      names.add(symbol.name);
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      // What another package declares is documented there.
      const own = target.declarations?.some((at) =>
        resolve(at.getSourceFile().fileName).startsWith(join(folder, "dist")),
      );
      if (own && target.getDocumentationComment(checker).length === 0) {
        problems.push(`${entry.subpath}: ${symbol.name} has no doc comment.`);
      }
    }
  }
  return names;
}

function report(entry) {
  const file = `${entry.name}.api.md`;
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: resolve(folder, "package.json"),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry.types,
      newlineKind: "lf",
      compiler: { overrideTsconfig: { compilerOptions, files: [entry.types] } },
      apiReport: {
        enabled: true,
        reportFileName: file,
        reportFolder: update ? reports : temporary,
        reportTempFolder: temporary,
        includeForgottenExports: false,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
          "ae-forgotten-export": { logLevel: ExtractorLogLevel.Error },
          "ae-incompatible-release-tags": { logLevel: ExtractorLogLevel.Error },
        },
      },
    },
  });
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      message.handled = true;
      if (message.logLevel !== ExtractorLogLevel.Error) return;
      // A type that another entry of this package exports can be imported from there. `_2` is API Extractor's way of telling a
      // name from a global one, such as the browser's `ImageDecoder`.
      const forgotten = /The symbol "([^"]+?)(_\d+)?" needs to be exported/.exec(message.text)?.[1];
      if (forgotten !== undefined && exported.has(forgotten)) return;
      problems.push(`${entry.subpath}: ${message.text}`);
    },
  });
  if (!update) compare(file);
}

function compare(file) {
  const found = readFileSync(join(temporary, file), "utf8").split("\n");
  let committed;
  try {
    committed = readFileSync(join(reports, file), "utf8").split("\n");
  } catch {
    problems.push(`etc/${file} does not exist. Run \`npm run api:update\` and commit it.`);
    return;
  }
  const added = found.filter((line) => !committed.includes(line));
  const removed = committed.filter((line) => !found.includes(line));
  if (found.join("\n") === committed.join("\n")) return;
  const changes = [...removed.map((line) => `  - ${line}`), ...added.map((line) => `  + ${line}`)].slice(0, 40);
  problems.push(
    [
      `the public API differs from etc/${file}. If that is meant, run \`npm run api:update\` and commit it.`,
      ...changes,
    ].join("\n"),
  );
}

/** A report whose entry is gone would look like a promise that is still kept. */
function removeOrphans() {
  const kept = new Set(entries.map((entry) => `${entry.name}.api.md`));
  for (const file of readdirSync(reports).filter((name) => name.endsWith(".api.md") && !kept.has(name))) {
    if (update) rmSync(join(reports, file));
    else problems.push(`etc/${file} belongs to no entry any more. Run \`npm run api:update\`.`);
  }
}
