/** XML as S3 speaks it: written with everything escaped, read by a strict parser without entities. */
import { S3Error } from "./errors.ts";

/** A name with text, or with further elements. */
export type Element = readonly [
	name: string,
	content: string | number | boolean | readonly Element[],
];

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

/** Text as it may stand in an element; what XML 1.0 has no place for becomes a reference, as on S3. */
export function escapeXml(text: string): string {
	return text.replace(/[&<>"'\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/g, (char) => {
		switch (char) {
			case "&":
				return "&amp;";
			case "<":
				return "&lt;";
			case ">":
				return "&gt;";
			case '"':
				return "&quot;";
			default:
				return `&#x${char.charCodeAt(0).toString(16)};`;
		}
	});
}

function write(element: Element, attributes: string): string {
	const [name, content] = element;
	const inner = Array.isArray(content)
		? (content as readonly Element[]).map((child) => write(child, "")).join("")
		: escapeXml(String(content));
	return `<${name}${attributes}>${inner}</${name}>`;
}

/** A whole document. */
export function xmlDocument(root: Element, hasNamespace = true): string {
	const attributes = hasNamespace ? ` xmlns="${namespace}"` : "";
	return `<?xml version="1.0" encoding="UTF-8"?>\n${write(root, attributes)}`;
}

/** An element that was read. */
export interface ReadElement {
	readonly name: string;
	readonly text: string;
	readonly children: readonly ReadElement[];
}

const depthMax = 6;
const elementsMax = 60_000;

interface OpenElement {
	readonly name: string;
	text: string;
	readonly children: ReadElement[];
}

/**
 * Reads a document: elements, text, attributes (which are left out), the five entities and numeric
 * references. Declarations of types, comments, CDATA and processing instructions are refused.
 * @throws S3Error MalformedXML.
 */
export function readXml(bytes: Uint8Array): ReadElement {
	let text: string;
	try {
		text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
	} catch {
		throw malformedXml();
	}
	const body = text.replace(/^\s*<\?xml [^<>?]*\?>/, "").trim();
	const tag =
		/<(\/?)([A-Za-z_][A-Za-z0-9_.:-]{0,63})((?:\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
	const open: OpenElement[] = [];
	let root: ReadElement | null = null;
	let count = 0;
	let at = 0;
	while (at < body.length) {
		if (root !== null) throw malformedXml();
		const next = body.indexOf("<", at);
		const top = open.at(-1);
		if (next !== at) {
			if (next === -1 || top === undefined) throw malformedXml();
			top.text += unescapeXml(body.slice(at, next));
			at = next;
			continue;
		}
		tag.lastIndex = at;
		const match = tag.exec(body);
		if (match === null || ++count > elementsMax) throw malformedXml();
		at = tag.lastIndex;
		const [, isEnd, name = "", attributes, isEmpty] = match;
		if (isEnd === "/") {
			if (top?.name !== name || attributes !== "" || isEmpty === "/") throw malformedXml();
			open.pop();
			root = close(top, open);
			continue;
		}
		if (open.length >= depthMax) throw malformedXml();
		const element: OpenElement = { name, text: "", children: [] };
		if (isEmpty === "/") root = close(element, open);
		else open.push(element);
	}
	if (root === null) throw malformedXml();
	return root;
}

/** Hands an element to its parent; gives it back when it is the root. */
function close(element: OpenElement, open: readonly OpenElement[]): ReadElement | null {
	const parent = open.at(-1);
	if (parent === undefined) return element;
	parent.children.push(element);
	return null;
}

const entities: Readonly<Record<string, string>> = {
	amp: "&",
	lt: "<",
	gt: ">",
	quot: '"',
	apos: "'",
};

function unescapeXml(text: string): string {
	if (text.includes("]]>")) throw malformedXml();
	return text.replace(/&([^;&]{0,10})(;?)/g, (_, name: string, end: string) => {
		if (end !== ";") throw malformedXml();
		const known = Object.hasOwn(entities, name) ? entities[name] : undefined;
		if (known !== undefined) return known;
		const match = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(name);
		const code =
			match === null ? 0 : Number.parseInt(match[1] ?? match[2] ?? "", match[1] ? 16 : 10);
		if (code < 1 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw malformedXml();
		return String.fromCodePoint(code);
	});
}

/** The text of a child element, or undefined. */
export function childText(element: ReadElement, name: string): string | undefined {
	return element.children.find((child) => child.name === name)?.text;
}

export function malformedXml(): S3Error {
	return new S3Error(
		400,
		"MalformedXML",
		"the XML of the request is not well-formed or not the expected one",
	);
}
