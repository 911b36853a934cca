import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
	ListBucketsCommand,
	ListObjectsCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	paginateListBuckets,
	type S3Client,
} from "@aws-sdk/client-s3";
import fc from "fast-check";
import type { Caller } from "../../../src/core/principal.ts";
import { compareUtf8 } from "../../../src/lib/utf8-order.ts";
import { pageOfKeys } from "../../../src/server/surfaces/s3/listing.ts";
import { type Harness, lockText, openHarness, stateText } from "./harness.ts";

const Bucket = "opentaco";
let harness: Harness;
let client: S3Client;

beforeEach(async () => {
	harness = await openHarness();
	client = await harness.client("alice");
});
afterEach(() => harness.close());

const keys = [
	"app/terraform.tfstate",
	"env:/dev/app/terraform.tfstate",
	"env:/prod/app/terraform.tfstate",
	"plain.tfstate",
	"sp ace/ü&<>.tfstate",
	"team/a/terraform.tfstate",
	"team/b/terraform.tfstate",
];

async function fill(): Promise<void> {
	for (const Key of keys) {
		await client.send(new PutObjectCommand({ Bucket, Key, Body: stateText(1) }));
	}
}

const list = (input: object = {}) => client.send(new ListObjectsV2Command({ Bucket, ...input }));

describe("lists", () => {
	test("all keys, in order, with what clients need of them", async () => {
		await fill();
		const answer = await list();
		expect(answer.Contents?.map((one) => one.Key)).toEqual(keys);
		expect(answer.KeyCount).toBe(keys.length);
		for (const one of answer.Contents ?? []) {
			expect(one.Size).toBe(stateText(1).length);
			expect(one.ETag).toMatch(/^"[0-9a-f]{32}"$/);
			expect(one.LastModified?.getTime()).toBeGreaterThan(0);
		}
		const old = await client.send(new ListObjectsCommand({ Bucket }));
		expect(old.Contents?.map((one) => one.Key)).toEqual(keys);
	});

	test("workspaces", async () => {
		await fill();
		const answer = await list({ Prefix: "env:/", MaxKeys: 1000 });
		expect(answer.Contents?.map((one) => one.Key)).toEqual(keys.slice(1, 3));
		expect((await list({ Prefix: "none/" })).Contents).toBeUndefined();
	});

	test("folders", async () => {
		await fill();
		const top = await list({ Delimiter: "/" });
		expect(top.CommonPrefixes?.map((one) => one.Prefix)).toEqual([
			"app/",
			"env:/",
			"sp ace/",
			"team/",
		]);
		expect(top.Contents?.map((one) => one.Key)).toEqual(["plain.tfstate"]);
		const team = await list({ Delimiter: "/", Prefix: "team/" });
		expect(team.CommonPrefixes?.map((one) => one.Prefix)).toEqual(["team/a/", "team/b/"]);
	});

	test("pages of any size, by token, by start-after and by marker", async () => {
		await fill();
		for (const MaxKeys of [1, 2, 3, 7, 8]) {
			for (const Delimiter of [undefined, "/"]) {
				const seen: (string | undefined)[] = [];
				let ContinuationToken: string | undefined;
				do {
					const page = await list({ MaxKeys, Delimiter, ContinuationToken });
					expect(page.KeyCount).toBeLessThanOrEqual(MaxKeys);
					seen.push(...(page.Contents ?? []).map((one) => one.Key));
					seen.push(...(page.CommonPrefixes ?? []).map((one) => one.Prefix));
					ContinuationToken = page.NextContinuationToken;
				} while (ContinuationToken !== undefined);
				const whole = await list({ Delimiter });
				const expected = [
					...(whole.Contents ?? []).map((one) => one.Key),
					...(whole.CommonPrefixes ?? []).map((one) => one.Prefix),
				];
				expect(seen.sort()).toEqual(expected.sort());
			}
		}
		const after = await list({ StartAfter: "plain.tfstate" });
		expect(after.Contents?.map((one) => one.Key)).toEqual(keys.slice(4));
		const old = await client.send(new ListObjectsCommand({ Bucket, Marker: "plain.tfstate" }));
		expect(old.Contents?.map((one) => one.Key)).toEqual(keys.slice(4));
		expect((await list({ MaxKeys: 0 })).Contents).toBeUndefined();
	});

	test("a held lock is listed, a unit without a state is not", async () => {
		const Key = "new/terraform.tfstate.tflock";
		await client.send(new PutObjectCommand({ Bucket, Key, Body: lockText("l") }));
		const answer = await list();
		expect(answer.Contents?.map((one) => [one.Key, one.Size])).toEqual([
			[Key, lockText("l").length],
		]);
	});

	test("only what the caller may read", async () => {
		await fill();
		client = await harness.client("nobody");
		expect((await list()).Contents).toBeUndefined();
	});

	test("bad parameters", async () => {
		for (const input of [{ ContinuationToken: "!" }, { MaxKeys: -1 }, { EncodingType: "x" }]) {
			await expect(list(input)).rejects.toMatchObject({ name: "InvalidArgument" });
		}
	});
});

test("paging agrees with a plain model", () => {
	const key = fc.string({ unit: fc.constantFrom(..."ab/😀ﬀ"), minLength: 1, maxLength: 6 });
	fc.assert(
		fc.property(
			fc.uniqueArray(key, { maxLength: 20 }),
			fc.constantFrom("", "/", "ab"),
			fc.constantFrom("", "a", "a/"),
			fc.integer({ min: 1, max: 5 }),
			(all, delimiter, prefix, limit) => {
				const sorted = all
					.filter((one) => one.startsWith(prefix))
					.sort(compareUtf8)
					.map((one) => ({ key: one }));
				const expected = new Set(
					sorted.map((item) => {
						const at = delimiter === "" ? -1 : item.key.indexOf(delimiter, prefix.length);
						return at === -1 ? item.key : item.key.slice(0, at + delimiter.length);
					}),
				);
				const seen: string[] = [];
				for (let after = ""; ; ) {
					const page = pageOfKeys(sorted, { prefix, delimiter, after, limit });
					seen.push(...[...page.items.map((one) => one.key), ...page.prefixes].sort(compareUtf8));
					if (page.next === null) break;
					after = page.next;
				}
				expect(seen).toEqual([...expected].sort(compareUtf8));
			},
		),
	);
});

test("keys are ordered by the bytes of their UTF-8", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
			const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
			expect(Math.sign(compareUtf8(a, b))).toBe(expected);
		}),
	);
});

test("buckets come in pages, by prefix, and as far as the caller may know", async () => {
	const root: Caller = {
		principal: { id: "admin", credentialKind: "admin-token", loginId: "t" },
		...{ surface: "management", requestId: "r" },
	};
	for (const name of ["beta", "acme", "gamma"]) await harness.organizations.create(root, { name });
	const all = ["opentaco", "default", "acme", "beta", "gamma"];
	for (const pageSize of [1, 2, 3, 5, 6]) {
		const pages: string[][] = [];
		for await (const { Buckets } of paginateListBuckets({ client, pageSize }, {})) {
			pages.push((Buckets ?? []).map(({ Name = "" }) => Name));
		}
		expect(pages.flat()).toEqual(all);
		expect(pages).toHaveLength(Math.ceil(all.length / pageSize));
	}
	const some = await client.send(new ListBucketsCommand({ Prefix: "b", MaxBuckets: 1 }));
	expect(some).toMatchObject({ Prefix: "b", Buckets: [{ Name: "beta" }] });
	expect(some.ContinuationToken).toBeUndefined();
	const nobody = await harness.client("nobody");
	const seen = await nobody.send(new ListBucketsCommand({ MaxBuckets: 2 }));
	expect(seen.Buckets?.map(({ Name }) => Name)).toEqual(["opentaco", "default"]);
	expect(seen.ContinuationToken).toBeUndefined();
	const wrong = client.send(new ListBucketsCommand({ ContinuationToken: "?" }));
	await expect(wrong).rejects.toMatchObject({ name: "InvalidArgument" });
});
