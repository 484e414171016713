interface Node {
  readonly type?: unknown;
  readonly [field: string]: unknown;
}

/** The variable under which templates find `pythonCapitalize`; the space keeps any template from having one of that name. */
export const CAPITALIZE_VARIABLE = "python capitalize";

/**
 * A jinja syntax tree in which every `capitalize`, as a filter or as a method, calls `pythonCapitalize`: that of
 * `@huggingface/jinja` leaves the rest of the string as it is, so `USER` would not become `User`.
 */
export function withPythonCapitalize(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(withPythonCapitalize);
  if (!isNode(tree)) return tree;
  const copy: Record<string, unknown> = { type: tree.type };
  for (const [field, value] of Object.entries(tree)) copy[field] = withPythonCapitalize(value);
  if (copy["type"] === "FilterExpression" && isIdentifier(copy["filter"], "capitalize")) return call(copy["operand"]);
  const { callee } = copy;
  if (copy["type"] === "CallExpression" && isNode(callee) && isIdentifier(callee["property"], "capitalize"))
    return call(callee["object"]);
  return copy;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null;
}

function isIdentifier(value: unknown, name: string): boolean {
  return isNode(value) && value.type === "Identifier" && value["value"] === name;
}

function call(argument: unknown): Node {
  return { type: "CallExpression", callee: { type: "Identifier", value: CAPITALIZE_VARIABLE }, args: [argument] };
}
