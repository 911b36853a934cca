/** The part of the contract suite about listings and `newest`. */

import { expect } from "bun:test";
import type { BlobStore } from "../../src/core/ports/blob-store.ts";
import { bytesOf, type SuiteContext, storeErrorOf, textOf } from "./blob-store.suite.ts";

const oddNames = [
	"with space",
	"plus+and%20percent%",
	"equals=and&amp;<tag>",
	"quote'\"and^caret|pipe`",
	"grüße/żółw/日本語",
	"hash#question?semi;colon:at@",
	"tilde~star*paren()",
	"dots..in...name",
	"order-\u{1f32e}",
	"order-\u{e000}",
	`long/${"l".repeat(250)}/${"m".repeat(250)}/${"n".repeat(240)}`,
];

function byBytes(a: string, b: string): number {
	return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** All pages of a listing, each of at most `limit`. */
async function all(
	store: BlobStore,
	prefix: string,
	limit: number,
	delimiter?: "/",
	after?: string,
): Promise<{ keys: string[]; prefixes: string[]; pages: number }> {
	const keys: string[] = [];
	const prefixes: string[] = [];
	let pages = 0;
	let next = after;
	do {
		const page = await store.list({
			prefix,
			limit,
			...(delimiter === undefined ? {} : { delimiter }),
			...(next === undefined ? {} : { after: next }),
		});
		expect(page.blobs.length + page.prefixes.length).toBeLessThanOrEqual(limit);
		keys.push(...page.blobs.map((blob) => blob.key));
		prefixes.push(...page.prefixes);
		next = page.next;
		if (++pages > 1000) throw new Error("the listing does not end");
	} while (next !== undefined);
	return { keys, prefixes, pages };
}

async function fill(store: BlobStore, keys: readonly string[]): Promise<void> {
	await Promise.all(keys.map((key) => store.put(key, bytesOf(key))));
}

export function listingSuite({ store, second, check }: SuiteContext): void {
	check("odd keys keep their names", async (key) => {
		for (const name of oddNames) {
			expect((await store().putIfAbsent(key(name), bytesOf(name))).created).toBe(true);
			expect((await second().putIfAbsent(key(name), bytesOf("other"))).created).toBe(false);
			expect(await textOf(second(), key(name))).toBe(name);
		}
		const expected = oddNames.map(key).sort(byBytes);
		expect((await all(store(), key(""), 1000)).keys).toEqual(expected);
		expect((await all(store(), key(""), 3)).keys).toEqual(expected);
		for (const name of oddNames) {
			expect(await store().newest(key(name))).toBe(key(name));
			await store().delete(key(name));
			expect((await second().get(key(name))).found).toBe(false);
		}
		expect((await all(store(), key(""), 1000)).keys).toEqual([]);
	});

	check("a line break in a key is part of its name", async (key) => {
		const name = key("new\nline\ttab");
		expect((await store().putIfAbsent(name, bytesOf("x"))).created).toBe(true);
		expect(await textOf(second(), name)).toBe("x");
		expect((await all(store(), key(""), 10)).keys).toEqual([name]);
	});

	check("a listing is sorted by bytes and complete at once", async (key) => {
		const names = ["a-b", "a.b", "a/b", "a/b-c", "a/b/c-d", "a0", "B", "z"].map((name) =>
			key(name === "a/b" ? "a/bb" : name),
		);
		await fill(store(), names);
		const page = await second().list({ prefix: key(""), limit: 1000 });
		expect(page.blobs.map((blob) => blob.key)).toEqual([...names].sort(byBytes));
		expect(page.next).toBeUndefined();
		expect(page.prefixes).toEqual([]);
		for (const blob of page.blobs) {
			expect(blob.size).toBe(Buffer.byteLength(blob.key));
			const got = await store().get(blob.key);
			expect(got.found && Math.abs(got.modified - blob.modified) < 1000).toBe(true);
		}
	});

	check("pages join without gap or repetition", async (key) => {
		const names = Array.from({ length: 47 }, (_, i) =>
			key(`${i % 3}/${i % 5 === 0 ? "deep/" : ""}${i}`),
		);
		await fill(store(), names);
		const expected = [...names].sort(byBytes);
		for (const limit of [1, 2, 7, 46, 47, 48]) {
			const { keys, pages } = await all(store(), key(""), limit);
			expect(keys).toEqual(expected);
			expect(pages).toBeGreaterThanOrEqual(Math.ceil(47 / limit));
		}
	});

	check("more than a thousand keys need several pages", async (key) => {
		const names = Array.from({ length: 1003 }, (_, i) => key(`many/${i}`));
		for (let i = 0; i < names.length; i += 100) {
			await fill(store(), names.slice(i, i + 100));
		}
		expect((await all(store(), key(""), 1000)).keys).toEqual(names.sort(byBytes));
		expect((await all(store(), key(""), 1000, "/")).prefixes).toEqual([key("many/")]);
	});

	check("the delimiter folds", async (key) => {
		const names = ["a-b", "a/1", "a/2/3", "a0", "b/c/d", "b/e", "c"].map(key);
		await fill(store(), names);
		for (const limit of [1, 2, 3, 1000]) {
			const root = await all(store(), key(""), limit, "/");
			expect(root.keys).toEqual(["a-b", "a0", "c"].map(key));
			expect(root.prefixes).toEqual(["a/", "b/"].map(key));
			const inner = await all(store(), key("a/"), limit, "/");
			expect(inner.keys).toEqual([key("a/1")]);
			expect(inner.prefixes).toEqual([key("a/2/")]);
			const partial = await all(store(), key("a"), limit, "/");
			expect(partial.keys).toEqual(["a-b", "a0"].map(key));
			expect(partial.prefixes).toEqual([key("a/")]);
		}
	});

	check("an emptied folder is no prefix", async (key) => {
		await fill(store(), [key("x/y/z"), key("w")]);
		await store().delete(key("x/y/z"));
		const page = await store().list({
			prefix: key(""),
			delimiter: "/",
			limit: 10,
		});
		expect(page.prefixes).toEqual([]);
		expect(page.blobs.map((blob) => blob.key)).toEqual([key("w")]);
	});

	check("after leaves out all up to it", async (key) => {
		const names = ["a", "b/1", "b/2", "b-", "c", "d/e"].map(key);
		await fill(store(), names);
		const after = (name: string, delimiter?: "/") =>
			all(store(), key(""), 1000, delimiter, key(name));
		expect((await after("a")).keys).toEqual(["b-", "b/1", "b/2", "c", "d/e"].map(key));
		expect((await after("b/1")).keys).toEqual(["b/2", "c", "d/e"].map(key));
		expect((await after("b/")).keys).toEqual(["b/1", "b/2", "c", "d/e"].map(key));
		expect((await after("bb")).keys).toEqual(["c", "d/e"].map(key));
		expect((await after("zz")).keys).toEqual([]);
		expect((await after("d/e")).keys).toEqual([]);
		const folded = await after("b-", "/");
		expect(folded.keys).toEqual([key("c")]);
		expect(folded.prefixes).toEqual(["b/", "d/"].map(key));
		const past = await after("b/", "/");
		expect(past.keys).toEqual([key("c")]);
		expect(past.prefixes).toEqual([key("d/")]);
		const inside = await after("b/1", "/");
		expect(inside.prefixes).toEqual([key("d/")]);
		const all0 = await all(store(), key("b"), 1000, undefined, key("a"));
		expect(all0.keys).toEqual(["b-", "b/1", "b/2"].map(key));
	});

	check("a prefix may end inside a segment", async (key) => {
		const names = ["team/app", "team/apple", "team/apt/x", "team/b"].map(key);
		await fill(store(), names);
		const found = async (prefix: string) => (await all(store(), key(prefix), 2)).keys;
		expect(await found("team/ap")).toEqual(names.slice(0, 3));
		expect(await found("team/apt")).toEqual([key("team/apt/x")]);
		expect(await found("te")).toEqual(names);
		expect(await found("team/app/")).toEqual([]);
		expect(await found("nothing")).toEqual([]);
		expect(await found("team/apple/pie")).toEqual([]);
	});

	check("newest is the least key of the prefix", async (key) => {
		const log = key("log/u/");
		expect(await store().newest(log)).toBeNull();
		for (const generation of [1, 2, 3, 10, 11]) {
			const name = `${log}${String(9_999_999_999 - generation).padStart(10, "0")}`;
			expect((await store().putIfAbsent(name, bytesOf("r"))).created).toBe(true);
			expect(await store().newest(log)).toBe(name);
			expect(await second().newest(log)).toBe(name);
		}
		expect(await store().newest(`${log}9999999996`)).toBe(`${log}9999999996`);
		expect(await store().newest(`${log}9999999997`)).toBe(`${log}9999999997`);
		expect(await store().newest(`${log}1`)).toBeNull();
		expect(await store().newest(key("log"))).toBe(`${log}9999999988`);
		expect(await store().newest(key("log-"))).toBeNull();
	});

	check("illegal prefixes and limits are refused", async (key) => {
		for (const prefix of ["/", "a//", "../", "a/../b", "./", "a\0"]) {
			await storeErrorOf(store().list({ prefix, limit: 1 }), "invalid_key");
			await storeErrorOf(store().newest(prefix), "invalid_key");
		}
		for (const limit of [0, -1, 1.5, 1001, Number.NaN]) {
			await expect(store().list({ prefix: key(""), limit })).rejects.toThrow(RangeError);
		}
		expect((await store().list({ prefix: key(".."), limit: 1 })).blobs).toEqual([]);
	});
}
