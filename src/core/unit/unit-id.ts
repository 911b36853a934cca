/**
 * Unit ids: the grammar, the single-segment form, the escape for object keys outside the grammar,
 * and the spellings that URLs may use. Ids are refused, never repaired: two spellings that a
 * surface quietly makes equal are two units to another one.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { isPlatformKey } from "./platform-key.ts";

declare const unitIdBrand: unique symbol;

/**
 * A checked unit id, of one of three kinds:
 * - natural: segments `[A-Za-z0-9][A-Za-z0-9._-]*` with `/` between; no segment ends in `_`, holds
 *   `__`, starts with `terraform.tfstate` or ends in `.lock` or `.tflock`, and none holds what
 *   reads as an escape;
 * - escaped: stands for an object key outside that grammar (see `unitIdOfKey`);
 * - reserved: `systemUnitId`, the only one that starts with `__`.
 */
export type UnitId = string & { readonly [unitIdBrand]: true };

/** The unit that holds the platform's own dependency graph. */
export const systemUnitId = "__opentaco_system" as UnitId;

const stateSuffix = "/terraform.tfstate";
const reservedStart = "terraform.tfstate";
const reservedEnds = [".lock", ".tflock"] as const;

const grammarHint =
	'use segments of ASCII letters, digits, ".", "_" and "-", each starting with a letter or digit, ' +
	'with "/" between them; no segment may end in "_", hold "__", start with "terraform.tfstate" or ' +
	`end in ".lock" or ".tflock"; at most ${limits.unitIdBytesMax} bytes, with each "/" counted as two`;

function invalid(rule: string): DomainError {
	return new DomainError("invalid_unit_id", rule, { hint: grammarHint });
}

/** Whether the id belongs to the platform. */
export function isReserved(id: string): boolean {
	return id.startsWith("__");
}

const plainText = /^[A-Za-z0-9._/-]*$/;
const startsPlain = /^[A-Za-z0-9]/;
/** A byte escape anywhere, an empty segment, or the mark of a whole key. */
const escapeForm = /_\.[0-9A-F]{2}|(?:^|\/)_\.e(?:\/|$)|_\.k$/;

/** Bytes of the single-segment form; the text is ASCII. */
function encodedBytes(id: string): number {
	let bytes = id.length;
	for (let at = id.indexOf("/"); at !== -1; at = id.indexOf("/", at + 1)) {
		bytes++;
	}
	return bytes;
}

function segmentFault(segment: string): string | null {
	if (segment === "") {
		return 'the unit id has an empty segment (a leading, trailing or double "/")';
	}
	if (!startsPlain.test(segment)) {
		return "a segment of the unit id does not start with a letter or digit";
	}
	if (segment.includes("__")) {
		return 'the unit id holds "__", which stands for "/" where a single segment is needed';
	}
	if (segment.endsWith("_")) {
		return 'a segment of the unit id ends in "_"';
	}
	if (segment.startsWith(reservedStart)) {
		return `a segment of the unit id starts with "${reservedStart}"`;
	}
	const end = reservedEnds.find((reserved) => segment.endsWith(reserved));
	return end === undefined ? null : `a segment of the unit id ends in "${end}"`;
}

/** The first rule that the text breaks as a natural id, or null. */
function naturalFault(text: string): string | null {
	if (text === "") {
		return "the unit id is empty";
	}
	if (text.length > limits.unitIdBytesMax) {
		return `the unit id is longer than ${limits.unitIdBytesMax} bytes`;
	}
	if (text.startsWith("__")) {
		return 'the unit id starts with "__", which is reserved for the platform';
	}
	if (!plainText.test(text)) {
		return "the unit id holds a character that is not allowed";
	}
	for (const segment of text.split("/")) {
		const fault = segmentFault(segment);
		if (fault !== null) {
			return fault;
		}
	}
	return encodedBytes(text) > limits.unitIdBytesMax
		? `the unit id is longer than ${limits.unitIdBytesMax} bytes with each "/" counted as two`
		: null;
}

function escapedFault(text: string): string | null {
	if (text.length > limits.escapedIdBytesMax) {
		return `the unit id is longer than ${limits.escapedIdBytesMax} bytes`;
	}
	if (!plainText.test(text)) {
		return "the unit id holds a character that is not allowed";
	}
	const key = keyOf(text);
	return key === null || unitIdOfKey(key) !== text
		? 'the unit id holds an escape ("_." and what follows) that is not needed, not valid or not complete'
		: null;
}

/**
 * The id that the text is, exactly as written. Takes natural ids, the reserved one, and escaped
 * ids in their one canonical form.
 * @throws DomainError `invalid_unit_id` naming the rule, never the text.
 */
export function parseUnitId(text: string): UnitId {
	if (text === systemUnitId) {
		return systemUnitId;
	}
	const fault = escapeForm.test(text) ? escapedFault(text) : naturalFault(text);
	if (fault !== null) {
		throw invalid(fault);
	}
	return text as UnitId;
}

/**
 * The id as one segment: `/` becomes `__`. At most `escapedIdBytesMax` bytes, a legal file name,
 * different for different ids.
 */
export function encodeUnitId(id: UnitId): string {
	return id.replaceAll("/", "__");
}

/**
 * The reverse of `encodeUnitId`. No segment of an id ends in `_` or holds `__`, so that the first
 * two underscores of a run are always the separator.
 * @throws DomainError `invalid_unit_id`.
 */
export function decodeUnitSegment(segment: string): UnitId {
	if (segment.includes("/")) {
		throw invalid('the unit id holds "/" where a single segment is expected');
	}
	return parseSpelling(segment);
}

/** An id in which any `/` may be written `__`. */
function parseSpelling(text: string): UnitId {
	if (text === systemUnitId) {
		return systemUnitId;
	}
	if (text.startsWith("__")) {
		throw invalid('the unit id starts with "__", which is reserved for the platform');
	}
	return parseUnitId(text.replaceAll("__", "/"));
}

// The escape. Its text is one byte per character (latin1) while it is worked on.

function escapeByte(char: string): string {
	return `_.${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** Positions of the dots that make a segment a reserved form. */
function reservedDots(segment: string): number[] {
	const dots: number[] = [];
	if (segment.startsWith(reservedStart)) {
		dots.push(reservedStart.indexOf("."));
	}
	for (const end of reservedEnds) {
		if (segment.endsWith(end)) {
			dots.push(segment.length - end.length);
		}
	}
	return dots;
}

function escapeSegment(segment: string, endsId: boolean): string {
	if (segment === "") {
		return "_.e";
	}
	const dots = reservedDots(segment);
	let out = "";
	// From the end, because whether an underscore needs its escape depends on what follows it.
	for (let at = segment.length - 1; at >= 0; at--) {
		const char = segment.charAt(at);
		const plain =
			char === "_"
				? at > 0 &&
					out !== "" &&
					!out.startsWith("_") &&
					!/^\.[0-9A-F]{2}/.test(out) &&
					!(endsId && out === ".k")
				: /[A-Za-z0-9.-]/.test(char) && (at > 0 || startsPlain.test(char)) && !dots.includes(at);
		out = (plain ? char : escapeByte(char)) + out;
	}
	return out;
}

function escapeRaw(raw: string, wholeKey: boolean): string {
	const segments = Buffer.from(raw, "utf8").toString("latin1").split("/");
	const last = wholeKey ? -1 : segments.length - 1;
	return segments
		.map((segment, index) => escapeSegment(segment, index === last))
		.join("/")
		.concat(wholeKey ? "_.k" : "");
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function unescapeRaw(text: string): string | null {
	const latin1 = text
		.split("/")
		.map((segment) =>
			segment === "_.e"
				? ""
				: segment.replace(/_\.([0-9A-F]{2})/g, (_, hex: string) =>
						String.fromCharCode(Number.parseInt(hex, 16)),
					),
		)
		.join("/");
	try {
		return strictUtf8.decode(Buffer.from(latin1, "latin1"));
	} catch {
		return null;
	}
}

/** The key of the plain state that the text of an id stands for; null when its bytes are no UTF-8. */
function keyOf(text: string): string | null {
	if (text === systemUnitId || !escapeForm.test(text)) {
		return text + stateSuffix;
	}
	if (text.endsWith("_.k")) {
		return unescapeRaw(text.slice(0, -"_.k".length));
	}
	const path = unescapeRaw(text);
	return path === null ? null : path + stateSuffix;
}

/**
 * The unit whose plain state has this object key (relative to the store's root), or null when it
 * is no unit's: a key of the platform, a lock, not well-formed text, or too long for an id.
 *
 * `<path>/terraform.tfstate` is the unit `<path>`; any other key is a unit that stands for the
 * whole key. What the natural grammar does not allow is escaped, reversibly and only where needed,
 * with `_.` and then: two upper-case hex digits for one byte of the UTF-8; `e`, alone in its
 * segment, for an empty segment; `k` at the very end for "the whole key".
 */
export function unitIdOfKey(key: string): UnitId | null {
	if (
		key === "" ||
		key.length > limits.keyBytesMax ||
		key.includes("\0") ||
		!key.isWellFormed() ||
		isPlatformKey(key) ||
		reservedEnds.some((end) => key.endsWith(end))
	) {
		return null;
	}
	const wholeKey = !key.endsWith(stateSuffix);
	const raw = wholeKey ? key : key.slice(0, -stateSuffix.length);
	if (raw === systemUnitId && !wholeKey) {
		return systemUnitId;
	}
	if (!wholeKey && naturalFault(raw) === null && !escapeForm.test(raw)) {
		return raw as UnitId;
	}
	const id = escapeRaw(raw, wholeKey);
	const bytesMax = escapeForm.test(id) ? limits.escapedIdBytesMax : limits.unitIdBytesMax;
	return encodedBytes(id) > bytesMax ? null : (id as UnitId);
}

/**
 * The unit whose lock has this object key: the key of its plain state followed by `.lock` (ours)
 * or `.tflock` (Terraform's S3 backend). Null when the key is no lock of a unit.
 */
export function lockKeyOwner(key: string): UnitId | null {
	const end = reservedEnds.find((reserved) => key.endsWith(reserved));
	return end === undefined ? null : unitIdOfKey(key.slice(0, -end.length));
}

/**
 * The object key of the unit's plain state; the reverse of `unitIdOfKey`.
 * @throws DomainError `invalid_unit_id`: a key is never built from an unchecked id.
 */
export function stateKeyOfUnit(id: string): string {
	const key = keyOf(parseUnitId(id));
	if (key === null) {
		throw new DomainError("internal", "a checked unit id has no object key");
	}
	return key;
}

/** The object key of the unit's plain lock. */
export function lockKeyOfUnit(id: string): string {
	return `${stateKeyOfUnit(id)}.lock`;
}

/** The object key at which Terraform's own S3 backend keeps the unit's lock. */
export function tfLockKeyOfUnit(id: string): string {
	return `${stateKeyOfUnit(id)}.tflock`;
}

function decodePathSegment(segment: string): string {
	let text: string;
	try {
		text = decodeURIComponent(segment);
	} catch {
		throw invalid("the unit id in the path is not correctly percent-encoded UTF-8");
	}
	if (/\p{Cc}/u.test(text)) {
		throw invalid("the unit id in the path holds a control character");
	}
	return text;
}

/**
 * The id in a URL path as it was received, still percent-encoded, without a leading `/`. A `/` of
 * the id may be written `/`, `%2F` or `__`, in any mix. Decodes once and strictly.
 * @throws DomainError `invalid_unit_id`.
 */
export function parseUnitPath(rawPath: string): UnitId {
	return parseSpelling(rawPath.split("/").map(decodePathSegment).join("/"));
}

/** What stands at `/v1/units/…`. */
export interface UnitActionPath {
	readonly id: UnitId;
	/** The action word, or null when the path names the unit itself. */
	readonly action: string | null;
	/** What follows the action word: `["7", "download"]` in `…/versions/7/download`. */
	readonly rest: readonly string[];
}

/** The words behind which something of the unit may be named, and how its names look. */
const itemActions: ReadonlyMap<string, RegExp> = new Map([
	["versions", /^[0-9]+$/],
	["variables", /^var-[0-9A-Za-z]{16}$/],
]);

/** Where the action starts among the decoded segments, or -1. The first segment is always the id's. */
function actionStart(
	segments: readonly string[],
	actions: ReadonlySet<string>,
	withItem: ReadonlyMap<string, RegExp>,
): number {
	const isItem = (at: number): boolean =>
		at >= 1 &&
		actions.has(segments[at] ?? "") &&
		withItem.get(segments[at] ?? "")?.test(segments[at + 1] ?? "") === true;
	const count = segments.length;
	const endsInAction = count > 1 && actions.has(segments[count - 1] ?? "");
	if (endsInAction && isItem(count - 3)) {
		return count - 3;
	}
	if (isItem(count - 2)) {
		return count - 2;
	}
	return endsInAction ? count - 1 : -1;
}

/**
 * The unit and the action in a URL path as it was received, still percent-encoded, without a
 * leading `/`. The id is spelled as in `parseUnitPath`; after it, behind a raw `/`, may stand a
 * word of `actions`; or a word of `withItem` and an item; or such a word, an item and another word
 * of `actions`. `<id>:lock` and `<id>:unlock` are aliases of `<id>/lock` and `<id>/unlock`.
 *
 * So a unit whose last segment is an action word (or whose last segments read `versions/7`) must
 * be written with `__` or `%2F` before it: `myapp__lock` and `myapp%2Flock` are the unit
 * `myapp/lock`, `myapp/lock` is the lock of `myapp`.
 * @throws DomainError `invalid_unit_id`.
 */
export function parseUnitActionPath(
	rawPath: string,
	actions: ReadonlySet<string>,
	withItem: ReadonlyMap<string, RegExp> = itemActions,
): UnitActionPath {
	const segments = rawPath.split("/").map(decodePathSegment);
	const last = segments[segments.length - 1] ?? "";
	const alias = /^(.*):(lock|unlock)$/s.exec(last);
	if (alias?.[2] !== undefined && actions.has(alias[2])) {
		const id = [...segments.slice(0, -1), alias[1] ?? ""].join("/");
		return { id: parseSpelling(id), action: alias[2], rest: [] };
	}
	const start = actionStart(segments, actions, withItem);
	if (start === -1) {
		return { id: parseSpelling(segments.join("/")), action: null, rest: [] };
	}
	return {
		id: parseSpelling(segments.slice(0, start).join("/")),
		action: segments[start] ?? null,
		rest: segments.slice(start + 1),
	};
}
