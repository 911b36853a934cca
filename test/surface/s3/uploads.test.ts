import { afterEach, beforeEach, expect, test } from "bun:test";
import {
	AbortMultipartUploadCommand,
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListMultipartUploadsCommand,
	ListPartsCommand,
	PutObjectCommand,
	type S3Client,
	UploadPartCommand,
	UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { limits } from "../../../src/core/limits.ts";
import { parseUnitId, unitIdOfKey } from "../../../src/core/unit/unit-id.ts";
import { startChecksum } from "../../../src/lib/checksum.ts";
import { Uploads } from "../../../src/server/surfaces/s3/uploads.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";
import { realClock, realRandom } from "../../support/core.ts";
import { caller, type Harness, lockText, openHarness, stateText } from "./harness.ts";

const Bucket = "opentaco";
const Key = "big/terraform.tfstate";
const MiB = 1024 * 1024;
let harness: Harness;
let client: S3Client;

beforeEach(async () => {
	harness = await openHarness();
	client = await harness.client("alice");
});
afterEach(() => harness.close());

async function begin(ChecksumAlgorithm: "CRC32" | "SHA256" = "SHA256"): Promise<string> {
	const created = await client.send(
		new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm }),
	);
	return created.UploadId ?? "";
}

const send = (UploadId: string, PartNumber: number, Body: string, from = client) =>
	from.send(
		new UploadPartCommand({
			Bucket,
			Key,
			UploadId,
			PartNumber,
			Body,
			ChecksumAlgorithm: "SHA256",
		}),
	);

const complete = (
	UploadId: string,
	Parts: { PartNumber: number; ETag: string | undefined }[],
	more: object = {},
) =>
	client.send(
		new CompleteMultipartUploadCommand({
			Bucket,
			Key,
			UploadId,
			MultipartUpload: { Parts },
			...more,
		}),
	);

/** Uploads the text in parts, in any order at once. */
async function upload(text: string, partBytes: number) {
	const UploadId = await begin();
	const count = Math.ceil(text.length / partBytes);
	const Parts = await Promise.all(
		Array.from({ length: count }, async (_, index) => {
			const part = text.slice(index * partBytes, (index + 1) * partBytes);
			const { ETag } = await send(UploadId, index + 1, part);
			return { PartNumber: index + 1, ETag };
		}),
	);
	return { UploadId, Parts, done: await complete(UploadId, Parts) };
}

async function text(): Promise<string> {
	const answer = await client.send(new GetObjectCommand({ Bucket, Key }));
	return (await answer.Body?.transformToString()) ?? "";
}

async function keysBelow(prefix: string): Promise<string[]> {
	const page = await harness.store.list({ prefix, limit: 1000 });
	return page.blobs.map((blob) => blob.key);
}

async function nameOf(work: Promise<unknown>): Promise<string> {
	return await work.then(
		() => "ok",
		(error: Error) => error.name,
	);
}

test("a state in parts becomes one version, and nothing of the parts stays", async () => {
	const body = stateText(1, "l-1", 12 * MiB);
	const { done, UploadId, Parts } = await upload(body, 5 * MiB);
	expect(done.ETag).toMatch(/^"[0-9a-f]{32}"$/);
	expect((await text()) === body).toBe(true);
	const rows = await harness.core.states.versions(caller("bob"), parseUnitId("big"));
	expect(rows).toHaveLength(1);
	// A client that lost the answer asks again.
	expect((await complete(UploadId, Parts)).ETag).toBe(done.ETag as string);
	await harness.core.tasks.idle();
	expect(await keysBelow("__opentaco/multipart/")).toEqual([
		`__opentaco/multipart/${UploadId}/upload`,
	]);
});

test("parts are replaced, listed, left out and put in order", async () => {
	const body = stateText(1);
	const UploadId = await begin("CRC32");
	await send(UploadId, 1, "wrong");
	const first = await send(UploadId, 1, body.slice(0, 50));
	const second = await send(UploadId, 7, body.slice(50));
	await send(UploadId, 9, "not used");
	const parts = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
	expect(parts.Parts?.map((part) => [part.PartNumber, part.Size])).toEqual([
		[1, 50],
		[7, body.length - 50],
		[9, 8],
	]);
	const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket }));
	expect(uploads.Uploads?.map((one) => one.UploadId)).toEqual([UploadId]);
	const one = { PartNumber: 1, ETag: first.ETag };
	const seven = { PartNumber: 7, ETag: second.ETag };
	expect(await nameOf(complete(UploadId, [seven, one]))).toBe("InvalidPartOrder");
	expect(await nameOf(complete(UploadId, [one, { ...seven, PartNumber: 8 }]))).toBe("InvalidPart");
	expect(await nameOf(complete(UploadId, [one, { ...seven, ETag: '"x"' }]))).toBe("InvalidPart");
	expect(await nameOf(complete(UploadId, []))).toBe("MalformedXML");
	await complete(UploadId, [one, seven]);
	expect(await text()).toBe(body);
});

test("what is no state is refused at the end, and the parts stay for another try", async () => {
	const UploadId = await begin();
	const { ETag } = await send(UploadId, 1, "no state");
	expect(await nameOf(complete(UploadId, [{ PartNumber: 1, ETag }]))).toBe("InvalidRequest");
	const right = await send(UploadId, 1, stateText(1));
	await complete(UploadId, [{ PartNumber: 1, ETag: right.ETag }]);
	expect(await text()).toBe(stateText(1));
});

test("the checksum and the size of the whole are those of the parts together", async () => {
	const body = stateText(1, "l-1", 6 * MiB);
	const sum = (content: string) => {
		const running = startChecksum("crc32");
		running.update(Buffer.from(content));
		return running.digest();
	};
	const UploadId = await begin("CRC32");
	const Parts = [];
	for (const [index, part] of [body.slice(0, 5 * MiB), body.slice(5 * MiB)].entries()) {
		const { ETag } = await send(UploadId, index + 1, part);
		Parts.push({ PartNumber: index + 1, ETag });
	}
	const full = { ChecksumType: "FULL_OBJECT" };
	const wrong = complete(UploadId, Parts, { ...full, ChecksumCRC32: sum("another") });
	expect(await nameOf(wrong)).toBe("BadDigest");
	expect(await nameOf(complete(UploadId, Parts, { MpuObjectSize: 7 }))).toBe("InvalidRequest");
	expect(await nameOf(client.send(new HeadObjectCommand({ Bucket, Key })))).toBe("NotFound");
	const right = { ...full, ChecksumCRC32: sum(body), MpuObjectSize: body.length };
	expect(await nameOf(complete(UploadId, Parts, right))).toBe("ok");
	expect((await text()) === body).toBe(true);
});

test("an aborted upload is gone", async () => {
	const UploadId = await begin();
	await send(UploadId, 1, "x");
	await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
	expect(await keysBelow("__opentaco/multipart/")).toEqual([]);
	expect(await nameOf(send(UploadId, 2, "x"))).toBe("NoSuchUpload");
	for (const wrong of ["../x", "0".repeat(32), "x"]) {
		expect(await nameOf(send(wrong, 1, "x"))).toBe("NoSuchUpload");
	}
	expect(await nameOf(client.send(new HeadObjectCommand({ Bucket, Key })))).toBe("NotFound");
});

test("an upload belongs to its login and its key", async () => {
	const UploadId = await begin();
	expect(await nameOf(send(UploadId, 1, "x", await harness.client("bob")))).toBe("NoSuchUpload");
	const other = await harness.client("alice", { loginId: "another" });
	expect(await nameOf(send(UploadId, 1, "x", other))).toBe("NoSuchUpload");
	await send(UploadId, 1, "x", await harness.client("alice"));
	const elsewhere = client.send(
		new UploadPartCommand({ Bucket, Key: "other", UploadId, PartNumber: 1, Body: "x" }),
	);
	expect(await nameOf(elsewhere)).toBe("NoSuchUpload");
	expect(await nameOf(send(UploadId, 0, "x"))).toBe("InvalidArgument");
	expect(await nameOf(send(UploadId, 10_001, "x"))).toBe("InvalidArgument");
});

test("completing keeps to the lock", async () => {
	const UploadId = await begin();
	const { ETag } = await send(UploadId, 1, stateText(1));
	const Parts = [{ PartNumber: 1, ETag }];
	const unit = parseUnitId("big");
	const http = caller("alice");
	await harness.core.locks.lock(http, unit, { ID: "http" }, { autoCreate: true });
	expect(await nameOf(complete(UploadId, Parts))).toBe("PreconditionFailed");
	await harness.core.locks.unlock(http, unit, "http");
	await client.send(new PutObjectCommand({ Bucket, Key: `${Key}.tflock`, Body: lockText("mine") }));
	await complete(UploadId, Parts);
	expect(await text()).toBe(stateText(1));
});

test("conditions of completing", async () => {
	await client.send(new PutObjectCommand({ Bucket, Key, Body: stateText(1) }));
	const UploadId = await begin();
	const { ETag } = await send(UploadId, 1, stateText(2));
	const Parts = [{ PartNumber: 1, ETag }];
	expect(await nameOf(complete(UploadId, Parts, { IfNoneMatch: "*" }))).toBe("PreconditionFailed");
});

test("who may not write cannot even begin", async () => {
	client = await harness.client("reader");
	expect(await nameOf(begin())).toBe("AccessDenied");
});

test("parts are copied from other states", async () => {
	const body = stateText(1, "l-1", 2 * MiB);
	await client.send(new PutObjectCommand({ Bucket, Key: "src/terraform.tfstate", Body: body }));
	const UploadId = await begin();
	const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
	for (const [index, range] of [
		`bytes=0-${MiB - 1}`,
		`bytes=${MiB}-${body.length - 1}`,
	].entries()) {
		const copied = await client.send(
			new UploadPartCopyCommand({
				Bucket,
				Key,
				UploadId,
				PartNumber: index + 1,
				CopySource: `${Bucket}/src/terraform.tfstate`,
				CopySourceRange: range,
			}),
		);
		Parts.push({ PartNumber: index + 1, ETag: copied.CopyPartResult?.ETag });
	}
	await complete(UploadId, Parts);
	expect((await text()) === body).toBe(true);
});

test("a part that was damaged in the store is noticed", async () => {
	const UploadId = await begin();
	const { ETag } = await send(UploadId, 1, stateText(1));
	const [key] = await keysBelow(`__opentaco/multipart/${UploadId}/data/`);
	await harness.store.put(key ?? "", Buffer.from(stateText(2)));
	expect(await nameOf(complete(UploadId, [{ PartNumber: 1, ETag }]))).toBe("InternalError");
	expect(await nameOf(client.send(new HeadObjectCommand({ Bucket, Key })))).toBe("NotFound");
});

test("uploads that nobody finished are removed after their time, by the store's clock", async () => {
	let now = Date.parse("2026-01-02T03:04:05Z");
	const clock = { ...realClock, now: () => now };
	const store = new MemoryStore(clock);
	const uploads = new Uploads({ store, clock, random: realRandom });
	const unit = unitIdOfKey(Key);
	if (unit === null) throw new Error("the key is no unit's");
	const old = await uploads.create({ unit, key: Key, principal: "a", loginId: "b" });
	await uploads.putPart(old, 1, Buffer.from("x"));
	now += limits.uploadAgeMaxMs - 1000;
	expect(await uploads.sweep()).toBe(0);
	const young = await uploads.create({ unit, key: Key, principal: "a", loginId: "b" });
	now += 2000;
	expect(await uploads.sweep()).toBe(1);
	expect(await uploads.ids()).toEqual([young.id]);
});
