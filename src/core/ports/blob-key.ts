/** The grammar and the order of keys, the same for every store. */

import { limits } from "../limits.ts";
import { StoreError } from "./blob-store.ts";

const encoder = new TextEncoder();

/**
 * Throws `StoreError("invalid_key")` unless `key` is a legal key of the port: 1 to `keyBytesMax`
 * bytes, segments of 1 to `keySegmentBytesMax` bytes that are neither `.` nor `..`, no NUL and no
 * backslash.
 */
export function checkKey(key: string): void {
	const problem = keyProblem(key);
	if (problem !== null) throw new StoreError("invalid_key", problem);
}

/** True for a legal key. Listings leave out objects of others whose keys are not. */
export function isKey(key: string): boolean {
	return keyProblem(key) === null;
}

function keyProblem(key: string): string | null {
	const common = textProblem(key);
	if (common !== null) return common;
	if (key === "") return "the key is empty";
	return segmentsProblem(key.split("/"));
}

/**
 * Throws `StoreError("invalid_key")` unless `prefix` could start a legal key: its complete segments
 * obey the rules of keys, and its last one, which may be a part of a segment, may be anything.
 */
export function checkPrefix(prefix: string): void {
	const problem = textProblem(prefix) ?? segmentsProblem(prefix.split("/").slice(0, -1));
	if (problem !== null) {
		throw new StoreError("invalid_key", `as a prefix: ${problem}`);
	}
}

function textProblem(text: string): string | null {
	if (!text.isWellFormed()) return "the key is not well-formed Unicode";
	if (text.includes("\0")) return "the key contains NUL";
	// Bun's S3 client takes it for a slash, so that it would name another object.
	if (text.includes("\\")) return "the key contains a backslash";
	if (text.length > limits.keyBytesMax || utf8Bytes(text) > limits.keyBytesMax) {
		return `the key is longer than ${limits.keyBytesMax} bytes`;
	}
	return null;
}

function segmentsProblem(segments: readonly string[]): string | null {
	for (const segment of segments) {
		if (segment === "") return "the key has an empty segment";
		if (segment === "." || segment === "..") {
			return "the key has a segment that is `.` or `..`";
		}
		if (utf8Bytes(segment) > limits.keySegmentBytesMax) {
			return `a segment of the key is longer than ${limits.keySegmentBytesMax} bytes`;
		}
	}
	return null;
}

function utf8Bytes(text: string): number {
	return encoder.encode(text).length;
}

/** Throws a RangeError unless `limit` is a whole number from 1 to `listPageMax`. */
export function checkLimit(limit: number): void {
	if (!Number.isInteger(limit) || limit < 1 || limit > limits.listPageMax) {
		throw new RangeError(`list: limit must be 1 to ${limits.listPageMax}, not ${limit}`);
	}
}

/**
 * Compares by UTF-8 bytes, which is the order of code points and what S3 sorts by. JavaScript's own
 * `<` differs where a surrogate pair meets U+E000 to U+FFFF.
 */
export function compareKeys(a: string, b: string): number {
	if (a === b) return 0;
	const length = Math.min(a.length, b.length);
	for (let i = 0; i < length; i++) {
		const x = a.charCodeAt(i);
		const y = b.charCodeAt(i);
		if (x !== y) return codePointRank(x) - codePointRank(y);
	}
	return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function codePointRank(unit: number): number {
	return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The part of `key` up to and including the first `/` after `prefix`, or null without one. */
export function foldedPrefix(key: string, prefix: string): string | null {
	const slash = key.indexOf("/", prefix.length);
	return slash === -1 ? null : key.slice(0, slash + 1);
}
