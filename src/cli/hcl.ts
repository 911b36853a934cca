/** Values as `terraform output` shows them. */
import { isRawNumber } from "../lib/raw-json.ts";

type Conversion = "tolist" | "toset" | "tomap";

/** Terraform names the kinds of collections that brackets alone do not tell. */
const conversions: Readonly<Record<string, Conversion>> = {
	list: "tolist",
	set: "toset",
	map: "tomap",
};

/** The value in HCL, with its type as Terraform writes it; the first line has no indentation. */
export function hclText(value: unknown, type: unknown): string {
	return write(value, type, "");
}

function write(value: unknown, type: unknown, indent: string): string {
	if (value === null || value === undefined) return "null";
	if (isRawNumber(value)) return value.rawJSON;
	if (typeof value === "string") return text(value, indent);
	if (typeof value !== "object") return String(value);
	const kind = Array.isArray(type) ? String(type[0]) : "";
	const body = Array.isArray(value)
		? sequence(value, kind, type, indent)
		: mapping(value as Readonly<Record<string, unknown>>, kind, type, indent);
	const conversion = Object.hasOwn(conversions, kind) ? conversions[kind] : undefined;
	return conversion === undefined ? body : `${conversion}(${body})`;
}

/** The type below a collection: one for all, or one for each element or attribute. */
function inner(type: unknown, kind: string, at: string | number): unknown {
	const below: unknown = Array.isArray(type) ? type[1] : undefined;
	if (kind !== "tuple" && kind !== "object") return below;
	return (below as Readonly<Record<string | number, unknown>> | undefined)?.[at];
}

function sequence(values: readonly unknown[], kind: string, type: unknown, indent: string) {
	if (values.length === 0) return "[]";
	const deeper = `${indent}  `;
	const lines = values.map(
		(value, at) => `${deeper}${write(value, inner(type, kind, at), deeper)},\n`,
	);
	return `[\n${lines.join("")}${indent}]`;
}

function mapping(
	values: Readonly<Record<string, unknown>>,
	kind: string,
	type: unknown,
	indent: string,
) {
	const keys = Object.keys(values).sort();
	if (keys.length === 0) return "{}";
	const deeper = `${indent}  `;
	const lines = keys.map(
		(key) =>
			`${deeper}${JSON.stringify(key)} = ${write(values[key], inner(type, kind, key), deeper)}\n`,
	);
	return `{\n${lines.join("")}${indent}}`;
}

function text(value: string, indent: string): string {
	const lines = value.split("\n");
	if (lines.length === 1) return JSON.stringify(value);
	let mark = "EOT";
	while (lines.some((line) => line.trim() === mark)) mark += "_";
	const begin = indent === "" ? "<<" : "<<-";
	return [`${begin}${mark}`, ...[...lines, mark].map((line) => indent + line)].join("\n");
}
