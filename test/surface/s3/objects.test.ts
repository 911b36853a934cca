import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
	CopyObjectCommand,
	DeleteObjectCommand,
	DeleteObjectsCommand,
	GetBucketLocationCommand,
	GetBucketVersioningCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	HeadBucketCommand,
	HeadObjectCommand,
	ListBucketsCommand,
	ListObjectVersionsCommand,
	PutObjectCommand,
	type S3Client,
} from "@aws-sdk/client-s3";
import { parseUnitId, unitIdOfKey } from "../../../src/core/unit/unit-id.ts";
import { caller, type Harness, openHarness, stateText } from "./harness.ts";

const Bucket = "opentaco";
const Key = "app/prod/terraform.tfstate";
let harness: Harness;
let client: S3Client;

beforeEach(async () => {
	harness = await openHarness();
	client = await harness.client("alice");
});
afterEach(() => harness.close());

const put = (Body: string, more: object = {}, key = Key) =>
	client.send(new PutObjectCommand({ Bucket, Key: key, Body, ...more }));
const get = async (more: object = {}, key = Key) => {
	const answer = await client.send(new GetObjectCommand({ Bucket, Key: key, ...more }));
	return { ...answer, text: await answer.Body?.transformToString() };
};

async function failure(
	work: Promise<unknown>,
): Promise<{ status: number; name: string; message: string }> {
	try {
		await work;
	} catch (error) {
		const { name, message, $metadata } = error as {
			name: string;
			message: string;
			$metadata: { httpStatusCode: number };
		};
		return { status: $metadata?.httpStatusCode, name, message };
	}
	return { status: 200, name: "", message: "" };
}

describe("states", () => {
	test("come back byte for byte, described as S3 does", async () => {
		const body = stateText(1);
		const stored = await put(body);
		const md5 = createHash("md5").update(body).digest("hex");
		expect(stored.ETag).toBe(`"${md5}"`);
		expect(stored.VersionId).toBe("1");
		const read = await get({ ChecksumMode: "ENABLED" });
		expect(read.text).toBe(body);
		expect(read.ETag).toBe(`"${md5}"`);
		expect(read.ChecksumSHA256).toBe(createHash("sha256").update(body).digest("base64"));
		expect(read.ContentLength).toBe(body.length);
		const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
		expect(head.ContentLength).toBe(body.length);
		expect(head.LastModified?.getTime()).toBeGreaterThan(Date.now() - 60_000);
		const unit = await harness.core.units.get(caller("bob"), parseUnitId("app/prod"));
		expect(unit.current?.surface).toBe("s3");
		expect(unit.current?.author).toBe("alice");
	});

	test("any key is a unit", async () => {
		for (const key of [
			"terraform.tfstate",
			"a/b.tfstate",
			"env:/dev/app/terraform.tfstate",
			"with space/ü+=&'(!)*~/terraform.tfstate",
			"a__b/terraform.tfstate",
		]) {
			await put(stateText(1), {}, key);
			expect((await get({}, key)).text).toBe(stateText(1));
			const id = unitIdOfKey(key);
			expect(id).not.toBeNull();
			if (id !== null) await harness.core.units.get(caller("bob"), id);
		}
	});

	test("what is no state is refused in words", async () => {
		const refused = await failure(put("<html>"));
		expect(refused.status).toBe(400);
		expect(refused.name).toBe("InvalidRequest");
		expect(refused.message).toContain("not a state");
		expect((await failure(put(""))).status).toBe(400);
		expect((await failure(get())).name).toBe("NoSuchKey");
	});

	test("a lower serial or another lineage is a conflict", async () => {
		await put(stateText(5));
		expect(await failure(put(stateText(3)))).toMatchObject({ status: 409, name: "StateConflict" });
		expect(await failure(put(stateText(9, "l-2")))).toMatchObject({ status: 409 });
		expect((await get()).text).toBe(stateText(5));
		// The same bytes again: a client that repeats after a lost answer.
		await put(stateText(5));
	});

	test("keys that are none", async () => {
		for (const key of ["__opentaco/log/x", "a".repeat(900), "a//b"]) {
			expect(await failure(put(stateText(1), {}, key))).toMatchObject({
				status: 400,
				name: "InvalidArgument",
			});
		}
	});

	test("delete is the unit's, and no failure when there is none", async () => {
		await put(stateText(1));
		await client.send(new DeleteObjectCommand({ Bucket, Key }));
		await client.send(new DeleteObjectCommand({ Bucket, Key }));
		expect((await failure(get())).name).toBe("NoSuchKey");
		expect(await failure(client.send(new HeadObjectCommand({ Bucket, Key })))).toMatchObject({
			status: 404,
		});
		await harness.core.units.undelete(caller("bob"), parseUnitId("app/prod"));
		expect((await get()).text).toBe(stateText(1));
	});

	test("several are deleted at once, each by its own fate", async () => {
		await put(stateText(1));
		await put(stateText(1), {}, "b/terraform.tfstate");
		const lockInfo = { ID: "x" };
		await harness.core.locks.lock(caller("bob"), parseUnitId("b"), lockInfo, { autoCreate: false });
		const answer = await client.send(
			new DeleteObjectsCommand({
				Bucket,
				Delete: { Objects: [{ Key }, { Key: "b/terraform.tfstate" }, { Key: "none&<>" }] },
			}),
		);
		expect(answer.Deleted?.map((one) => one.Key)).toEqual([Key, "none&<>"]);
		expect(answer.Errors?.map((one) => [one.Key, one.Code])).toEqual([
			["b/terraform.tfstate", "PreconditionFailed"],
		]);
	});

	test("copies", async () => {
		await put(stateText(1));
		await client.send(
			new CopyObjectCommand({
				Bucket,
				Key: "copy of/ü/terraform.tfstate",
				CopySource: `${Bucket}/${Key}`,
			}),
		);
		expect((await get({}, "copy of/ü/terraform.tfstate")).text).toBe(stateText(1));
		const none = client.send(
			new CopyObjectCommand({ Bucket, Key: "x", CopySource: `${Bucket}/none/terraform.tfstate` }),
		);
		expect((await failure(none)).name).toBe("NoSuchKey");
		const other = client.send(
			new CopyObjectCommand({ Bucket, Key: "x", CopySource: `other/${Key}` }),
		);
		expect((await failure(other)).name).toBe("NoSuchBucket");
	});
});

describe("ranges", () => {
	const body = stateText(1);

	test("of small states", async () => {
		await put(body);
		const cases: [string, string, string][] = [
			["bytes=0-9", body.slice(0, 10), `bytes 0-9/${body.length}`],
			["bytes=5-", body.slice(5), `bytes 5-${body.length - 1}/${body.length}`],
			["bytes=-7", body.slice(-7), `bytes ${body.length - 7}-${body.length - 1}/${body.length}`],
			["bytes=0-5242879", body, `bytes 0-${body.length - 1}/${body.length}`],
		];
		for (const [Range, expected, contentRange] of cases) {
			const part = await get({ Range, ChecksumMode: "ENABLED" });
			expect(part.text).toBe(expected);
			expect(part.ContentRange).toBe(contentRange);
			expect(part.$metadata.httpStatusCode).toBe(206);
			// A checksum of the whole on a part of it would be a wrong one.
			expect(part.ChecksumSHA256 !== undefined).toBe(expected === body);
		}
		for (const Range of ["bytes=100000-", "bytes=-0"]) {
			expect(await failure(get({ Range }))).toMatchObject({ status: 416, name: "InvalidRange" });
		}
		for (const Range of ["bytes=5-3", "bytes=0-1,3-4", "lines=1-2", "bytes=-"]) {
			expect((await get({ Range })).text).toBe(body);
		}
	});

	test("of large states, as Terraform reads them", async () => {
		const large = stateText(1, "l-1", 12 * 1024 * 1024);
		await put(large);
		const step = 5 * 1024 * 1024;
		const parts: string[] = [];
		for (let at = 0; at < large.length; at += step) {
			const part = await get({ Range: `bytes=${at}-${at + step - 1}` });
			expect(part.ContentLength).toBe(Math.min(step, large.length - at));
			parts.push(part.text ?? "");
		}
		expect(parts.join("") === large).toBe(true);
		expect((await get()).text === large).toBe(true);
	});
});

describe("conditions", () => {
	test("of reads", async () => {
		const { ETag } = await put(stateText(1));
		expect((await get({ IfMatch: ETag })).text).toBe(stateText(1));
		expect(await failure(get({ IfMatch: '"other"' }))).toMatchObject({ status: 412 });
		expect(await failure(get({ IfNoneMatch: ETag }))).toMatchObject({ status: 304 });
		expect((await get({ IfNoneMatch: '"other"' })).text).toBe(stateText(1));
		const past = new Date(Date.now() - 3_600_000);
		const future = new Date(Date.now() + 3_600_000);
		expect(await failure(get({ IfModifiedSince: future }))).toMatchObject({ status: 304 });
		expect((await get({ IfModifiedSince: past })).text).toBe(stateText(1));
		expect(await failure(get({ IfUnmodifiedSince: past }))).toMatchObject({ status: 412 });
	});

	test("of writes", async () => {
		const { ETag } = await put(stateText(1), { IfNoneMatch: "*" });
		expect(await failure(put(stateText(2), { IfNoneMatch: "*" }))).toMatchObject({ status: 412 });
		expect(await failure(put(stateText(2), { IfMatch: '"other"' }))).toMatchObject({ status: 412 });
		await put(stateText(2), { IfMatch: ETag });
		expect(await failure(put(stateText(3), { IfMatch: ETag }))).toMatchObject({ status: 412 });
		expect((await get()).text).toBe(stateText(2));
	});

	test("of many writers with If-None-Match only one wins", async () => {
		const all = await Promise.all(
			Array.from({ length: 8 }, (_, n) => failure(put(stateText(n + 1), { IfNoneMatch: "*" }))),
		);
		expect(all.filter((one) => one.status === 200)).toHaveLength(1);
		expect(all.filter((one) => one.status === 412)).toHaveLength(7);
	});
});

describe("versions", () => {
	test("are those of the unit's history", async () => {
		for (const serial of [1, 2, 3]) await put(stateText(serial));
		expect((await get({ VersionId: "2" })).text).toBe(stateText(2));
		expect((await failure(get({ VersionId: "9" }))).name).toBe("NoSuchVersion");
		expect((await failure(get({ VersionId: "x" }))).name).toBe("NoSuchVersion");
		const list = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: "app/" }));
		expect(list.Versions?.map((one) => [one.Key, one.VersionId, one.IsLatest])).toEqual([
			[Key, "3", true],
			[Key, "2", false],
			[Key, "1", false],
		]);
		const remove = client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: "1" }));
		expect((await failure(remove)).name).toBe("MethodNotAllowed");
	});

	test("in pages", async () => {
		for (const key of ["a/terraform.tfstate", "b/terraform.tfstate"]) {
			for (const serial of [1, 2, 3]) await put(stateText(serial), {}, key);
		}
		for (const MaxKeys of [1, 2, 3, 4]) {
			const seen: string[] = [];
			let KeyMarker: string | undefined;
			let VersionIdMarker: string | undefined;
			for (;;) {
				const page = await client.send(
					new ListObjectVersionsCommand({ Bucket, MaxKeys, KeyMarker, VersionIdMarker }),
				);
				for (const one of page.Versions ?? []) seen.push(`${one.Key}@${one.VersionId}`);
				if (page.IsTruncated !== true) break;
				KeyMarker = page.NextKeyMarker;
				VersionIdMarker = page.NextVersionIdMarker;
			}
			expect(seen).toEqual(
				["a", "b"].flatMap((unit) => [3, 2, 1].map((n) => `${unit}/terraform.tfstate@${n}`)),
			);
		}
	});
});

test("folders of versions stand on the first page, and once", async () => {
	for (const key of ["a/terraform.tfstate", "b", "c", "d/terraform.tfstate"]) {
		await put(stateText(1), {}, key);
	}
	const seen: string[] = [];
	let KeyMarker: string | undefined;
	let VersionIdMarker: string | undefined;
	for (;;) {
		const page = await client.send(
			new ListObjectVersionsCommand({
				Bucket,
				Delimiter: "/",
				MaxKeys: 1,
				KeyMarker,
				VersionIdMarker,
			}),
		);
		for (const one of page.CommonPrefixes ?? []) seen.push(one.Prefix ?? "");
		for (const one of page.Versions ?? []) seen.push(one.Key ?? "");
		if (page.IsTruncated !== true) break;
		KeyMarker = page.NextKeyMarker;
		VersionIdMarker = page.NextVersionIdMarker;
	}
	expect(seen.toSorted()).toEqual(["a/", "b", "c", "d/"]);
});

describe("plain states that nobody has taken over", () => {
	test("are read, listed and described", async () => {
		await harness.store.put("old/terraform.tfstate", Buffer.from(stateText(4)));
		await harness.store.put("empty/terraform.tfstate", new Uint8Array(0));
		await harness.core.parts.directory.reload();
		const key = "old/terraform.tfstate";
		expect((await get({}, key)).text).toBe(stateText(4));
		const head = await client.send(new HeadObjectCommand({ Bucket, Key: key }));
		expect(head.ContentLength).toBe(stateText(4).length);
		expect(head.ETag).toBe((await get({}, key)).ETag as string);
		// An empty object would make Terraform's reader loop.
		expect((await failure(get({}, "empty/terraform.tfstate"))).name).toBe("NoSuchKey");
		await put(stateText(5), {}, key);
		expect((await get({}, key)).text).toBe(stateText(5));
	});
});

describe("permissions", () => {
	test("a reader reads, nobody sees nothing", async () => {
		await put(stateText(1));
		client = await harness.client("reader");
		expect((await get()).text).toBe(stateText(1));
		expect(await failure(put(stateText(2)))).toMatchObject({ status: 403, name: "AccessDenied" });
		const remove = () => client.send(new DeleteObjectCommand({ Bucket, Key }));
		expect(await failure(remove())).toMatchObject({ status: 403 });
		client = await harness.client("nobody");
		expect([403, 404]).toContain((await failure(get())).status);
		expect([403, 404]).toContain((await failure(put(stateText(2)))).status);
		await failure(remove());
		client = await harness.client("reader");
		expect((await get()).text).toBe(stateText(1));
	});
});

describe("the bucket", () => {
	test("what clients ask of it", async () => {
		await client.send(new HeadBucketCommand({ Bucket }));
		const location = await client.send(new GetBucketLocationCommand({ Bucket }));
		expect(location.LocationConstraint ?? "").toBe("");
		const versioning = await client.send(new GetBucketVersioningCommand({ Bucket }));
		expect(versioning.Status).toBe("Enabled");
		const buckets = await client.send(new ListBucketsCommand({}));
		expect(buckets.Buckets?.map((one) => one.Name)).toEqual([Bucket, "default"]);
	});

	test("others do not exist", async () => {
		const other = client.send(new PutObjectCommand({ Bucket: "other", Key, Body: stateText(1) }));
		expect(await failure(other)).toMatchObject({ status: 404, name: "NoSuchBucket" });
		const head = client.send(new HeadBucketCommand({ Bucket: "other" }));
		expect(await failure(head)).toMatchObject({ status: 404 });
	});

	test("what is not there says so", async () => {
		const tagging = client.send(new GetObjectTaggingCommand({ Bucket, Key }));
		expect(await failure(tagging)).toMatchObject({ status: 501, name: "NotImplemented" });
	});
});

test("a refusal of a large body is told, and not a broken connection", async () => {
	const http = caller("bob");
	const id = parseUnitId("app/prod");
	await harness.core.locks.lock(http, id, { ID: "x" }, { autoCreate: true });
	for (const size of [2, 8, 30]) {
		const refused = await failure(put(stateText(1, "l-1", size * 1024 * 1024)));
		expect([size, refused.status, refused.name]).toEqual([size, 412, "PreconditionFailed"]);
	}
});
