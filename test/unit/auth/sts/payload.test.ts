import { beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { signingKey } from "../../../../src/auth/sts/canonical.ts";
import { type S3Credentials, Sts } from "../../../../src/auth/sts/credentials.ts";
import { collectPayload, openPayload } from "../../../../src/auth/sts/payload.ts";
import {
	acceptUnverified,
	type ChunkSigning,
	verifyRequest,
} from "../../../../src/auth/sts/sigv4.ts";
import { checksumAlgorithms, startChecksum } from "../../../../src/lib/checksum.ts";
import { realRandom } from "../../../support/core.ts";
import { type Chunked, frameChunks } from "./chunks.ts";
import { drain, streamOf } from "./drain.ts";
import { fixedKeys } from "./keys.ts";
import { received, signer } from "./signing.ts";

const signedAt = Date.parse("2026-01-02T03:04:05Z");
const text = '{"version":4,"serial":1,"lineage":"a"}\n';
let sts: Sts;
let credentials: S3Credentials;

beforeAll(async () => {
	const clock = { now: () => signedAt };
	sts = new Sts({ keys: fixedKeys("k1"), clock, random: realRandom });
	credentials = await sts.issue({
		principal: { id: "alice", credentialKind: "access-token", loginId: "l1" },
		ttlMs: 3_600_000,
	});
});

function base64(
	algorithm: (typeof checksumAlgorithms)[number],
	bytes: string | Uint8Array,
): string {
	const checksum = startChecksum(algorithm);
	checksum.update(Buffer.from(bytes as string));
	return checksum.digest();
}

async function verified(headers: Record<string, string>) {
	const signed = (await signer(credentials).sign(
		{
			protocol: "https:",
			hostname: "unused",
			method: "PUT",
			path: "/s3/opentaco/a/terraform.tfstate",
			headers: { host: "h", ...headers },
		} as never,
		{ signingDate: new Date(signedAt) },
	)) as unknown as { method: string; path: string; headers: Record<string, string> };
	const request = received(signed);
	const proof = await verifyRequest(request, {
		resolve: (id, token) => sts.resolve(id, token),
		now: () => signedAt,
	});
	const seedSignature = /Signature=([0-9a-f]+)/.exec(signed.headers.authorization ?? "")?.[1];
	const scope = { day: "20260102", region: "auto", service: "s3" };
	const signing: ChunkSigning = {
		key: signingKey(credentials.secretAccessKey, scope),
		time: "20260102T030405Z",
		scope: "20260102/auto/s3/aws4_request",
		seedSignature: seedSignature ?? "",
	};
	return { proof, headers: request.headers as Headers, signing };
}

const unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
const signedChunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const signedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";

async function chunked(
	mode: string,
	options: Partial<Chunked> = {},
	changeHeaders: Record<string, string> = {},
) {
	const hasTrailer = mode.endsWith("TRAILER");
	const trailer = hasTrailer ? { "x-amz-checksum-crc32": base64("crc32", text) } : null;
	const { proof, headers, signing } = await verified({
		"x-amz-content-sha256": mode,
		"content-encoding": "aws-chunked",
		"x-amz-decoded-content-length": String(text.length),
		...(hasTrailer ? { "x-amz-trailer": "x-amz-checksum-crc32" } : {}),
		...changeHeaders,
	});
	const body = frameChunks({
		data: Buffer.from(text),
		sizes: [10, 20, 8],
		signing: mode === unsignedTrailer ? null : signing,
		trailer,
		...options,
	});
	return { proof, headers, body };
}

describe("plain bodies", () => {
	const sha256 = createHash("sha256").update(text).digest("hex");

	test("with their hash", async () => {
		const { proof, headers } = await verified({ "x-amz-content-sha256": sha256 });
		expect(await drain(proof, headers, Buffer.from(text))).toEqual({ bytes: text, code: "" });
		const changed = await drain(proof, headers, Buffer.from(text.replace("1", "2")));
		expect(changed.code).toBe("payload_mismatch");
		expect(changed.bytes.length).toBeLessThan(text.length);
		expect((await drain(proof, headers, null)).code).toBe("payload_mismatch");
	});

	test("unsigned, with each checksum right and wrong", async () => {
		for (const algorithm of checksumAlgorithms) {
			const { proof, headers } = await verified({
				"x-amz-content-sha256": "UNSIGNED-PAYLOAD",
				[`x-amz-checksum-${algorithm}`]: base64(algorithm, text),
			});
			expect((await drain(proof, headers, Buffer.from(text))).code).toBe("");
			const wrong = await drain(proof, headers, Buffer.from(`${text} `));
			expect(wrong.code).toBe("checksum_mismatch");
		}
	});

	test("MD5, length, unknown checksums, compressed bodies", async () => {
		const md5 = createHash("md5").update(text).digest("base64");
		const unsigned = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
		const cases: [Record<string, string>, string][] = [
			[{ "content-md5": md5 }, ""],
			[{ "content-md5": md5.replace(/^./, (c) => (c === "A" ? "B" : "A")) }, "checksum_mismatch"],
			[{ "content-md5": "abc" }, "body_malformed"],
			[{ "content-length": String(text.length) }, ""],
			[{ "content-length": String(text.length + 1) }, "body_incomplete"],
			[{ "content-length": "-1" }, "body_malformed"],
			[{ "x-amz-checksum-md5": md5 }, "unsupported"],
			[{ "x-amz-checksum-algorithm": "SHA256" }, ""],
			[{ "content-encoding": "gzip" }, "unsupported"],
			[{ "content-encoding": "aws-chunked" }, "unsupported"],
			[{ "content-encoding": "identity" }, ""],
			[{ "x-amz-trailer": "x-amz-checksum-crc32" }, ""],
		];
		for (const [extra, code] of cases) {
			const { proof, headers } = await verified({ ...unsigned, ...extra });
			expect([extra, (await drain(proof, headers, Buffer.from(text))).code]).toEqual([extra, code]);
		}
	});
});

describe("aws-chunked", () => {
	for (const mode of [unsignedTrailer, signedChunks, signedTrailer]) {
		test(`${mode}: as sent, cut anywhere`, async () => {
			const { proof, headers, body } = await chunked(mode);
			for (let pieceBytes = 1; pieceBytes < 60; pieceBytes++) {
				expect(await drain(proof, headers, body, pieceBytes)).toEqual({ bytes: text, code: "" });
			}
		});

		test(`${mode}: no byte can be changed or left out unnoticed`, async () => {
			const { proof, headers, body } = await chunked(mode);
			for (let at = 0; at < body.length; at++) {
				const changed = Uint8Array.from(body);
				changed[at] = (changed[at] as number) ^ 1;
				const result = await drain(proof, headers, changed, 64);
				// The name of a trailer's field may be spelt in any case; nothing else is free.
				if (result.code === "") expect(result.bytes).toBe(text);
				const cut = await drain(proof, headers, body.subarray(0, at), 64);
				const isOnlyLastLineEnd = at >= body.length - 2;
				if (!isOnlyLastLineEnd || mode === signedChunks) {
					expect([at, cut.code === ""]).toEqual([at, false]);
				}
			}
		});

		test(`${mode}: framing that is wrong`, async () => {
			const { proof, headers, body } = await chunked(mode);
			const framed = body.toString("latin1");
			const cases: [string, string][] = [
				["extended size line", framed.replace("\r\n", ";x=y\r\n")],
				["negative size", framed.replace(/^a/, "-a")],
				["huge size", framed.replace(/^a/, "ffffffffffffffff")],
				["overflowing size", framed.replace(/^a/, "fffffffffffffff")],
				["size with 0x", framed.replace(/^a/, "0xa")],
				["size with space", framed.replace(/^a/, " a")],
				["no size", framed.replace(/^a/, "")],
				["bare line feed", framed.replace("\r\n", "\n")],
				["data after the end", `${framed}x`],
				["another body after the end", framed + framed],
				["endless line", "1".repeat(5000)],
				["nothing", ""],
			];
			for (const [name, text] of cases) {
				const { code } = await drain(proof, headers, Buffer.from(text, "latin1"));
				expect([name, code === ""]).toEqual([name, false]);
			}
		});

		test(`${mode}: another announced length`, async () => {
			for (const length of [
				"0",
				String(text.length - 1),
				String(text.length + 1),
				"100000000000000",
				"-1",
				"1e3",
				"",
			]) {
				const change = { "x-amz-decoded-content-length": length };
				const { proof, headers, body } = await chunked(mode, {}, change);
				expect([length, (await drain(proof, headers, body)).code === ""]).toEqual([length, false]);
			}
		});

		test(`${mode}: a second encoding`, async () => {
			for (const encoding of ["aws-chunked,gzip", "gzip", "aws-chunked, aws-chunked"]) {
				const { proof, headers, body } = await chunked(mode, {}, { "content-encoding": encoding });
				expect((await drain(proof, headers, body)).code).toBe("unsupported");
			}
		});
	}

	test("any payload in any chunks", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom(unsignedTrailer, signedChunks, signedTrailer),
				fc.uint8Array({ maxLength: 300 }),
				fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 10 }),
				fc.integer({ min: 1, max: 100 }),
				async (mode, data, sizes, pieceBytes) => {
					const { proof, headers, body } = await chunked(
						mode,
						{
							data,
							sizes,
							trailer: mode.endsWith("TRAILER")
								? { "x-amz-checksum-crc32": base64("crc32", data) }
								: null,
						},
						{ "x-amz-decoded-content-length": String(data.length) },
					);
					const payload = openPayload(proof, headers, streamOf(body, pieceBytes));
					const bytes = await collectPayload(payload, 1000, () => new Error("too large"));
					expect(Buffer.from(bytes).equals(Buffer.from(data))).toBe(true);
				},
			),
			{ numRuns: 150 },
		);
	});

	test("signatures of chunks: of another chunk, in another order, of another request", async () => {
		const one = await chunked(signedChunks, { sizes: [19, 19] });
		const framed = one.body.toString("latin1");
		const signatures = [...framed.matchAll(/chunk-signature=([0-9a-f]{64})/g)].map(
			(m) => m[1] ?? "",
		);
		const swapped = framed
			.replace(signatures[0] ?? "", "first")
			.replace(signatures[1] ?? "", signatures[0] ?? "")
			.replace("first", signatures[1] ?? "");
		const result = await drain(one.proof, one.headers, Buffer.from(swapped, "latin1"));
		expect(result).toEqual({ bytes: expect.any(String), code: "signature_mismatch" });
		const zeros = framed.replaceAll(
			/chunk-signature=[0-9a-f]{64}/g,
			`chunk-signature=${"0".repeat(64)}`,
		);
		expect((await drain(one.proof, one.headers, Buffer.from(zeros, "latin1"))).code).toBe(
			"signature_mismatch",
		);
		const bare = framed.replaceAll(/;chunk-signature=[0-9a-f]{64}/g, "");
		expect((await drain(one.proof, one.headers, Buffer.from(bare, "latin1"))).code).toBe(
			"body_malformed",
		);
		const lastForged = framed.replace(signatures[2] ?? "", "0".repeat(64));
		const late = await drain(one.proof, one.headers, Buffer.from(lastForged, "latin1"));
		expect(late.code).toBe("signature_mismatch");
		expect(late.bytes.length).toBeLessThan(text.length);
	});

	test("trailers: wrong, missing, twice, extra, unannounced, unknown", async () => {
		const right = base64("crc32", text);
		const cases: [Record<string, string> | [string, string][] | null, string, string][] = [
			[
				{ "x-amz-checksum-crc32": base64("crc32", "x") },
				"x-amz-checksum-crc32",
				"checksum_mismatch",
			],
			[{ "x-amz-checksum-crc32": "" }, "x-amz-checksum-crc32", "checksum_mismatch"],
			[{}, "x-amz-checksum-crc32", "trailer_malformed"],
			[{ "x-amz-checksum-crc32": right }, "", "trailer_malformed"],
			[{ "x-amz-checksum-crc32": right }, "x-amz-checksum-sha256", "trailer_malformed"],
			[
				{ "x-amz-checksum-crc32": right, "x-amz-meta-a": "b" },
				"x-amz-checksum-crc32",
				"trailer_malformed",
			],
			[
				[
					["x-amz-checksum-crc32", right],
					["x-amz-checksum-crc32", right],
				],
				"x-amz-checksum-crc32",
				"trailer_malformed",
			],
			[{ "x-amz-meta-a": "b" }, "x-amz-meta-a", "unsupported"],
			[
				{ "x-amz-checksum-crc32": right },
				"x-amz-checksum-crc32,x-amz-checksum-crc32",
				"trailer_malformed",
			],
			[
				{ "x-amz-checksum-crc32": right, "x-amz-checksum-sha256": base64("sha256", text) },
				"x-amz-checksum-crc32, x-amz-checksum-sha256",
				"",
			],
		];
		for (const mode of [unsignedTrailer, signedTrailer]) {
			for (const [trailer, announced, code] of cases) {
				const { proof, headers, body } = await chunked(
					mode,
					{ trailer },
					{ "x-amz-trailer": announced },
				);
				const result = await drain(proof, headers, body);
				expect([trailer, result.code]).toEqual([trailer, code]);
				if (code !== "") expect(result.bytes.length).toBeLessThan(text.length);
			}
		}
	});

	test("a trailer whose signature is missing or wrong", async () => {
		const { proof, headers, body } = await chunked(signedTrailer);
		const framed = body.toString("latin1");
		const without = framed.replace(/x-amz-trailer-signature:[0-9a-f]{64}\r\n/, "");
		expect((await drain(proof, headers, Buffer.from(without, "latin1"))).code).toBe(
			"trailer_malformed",
		);
		const wrong = framed.replace(/(x-amz-trailer-signature:)[0-9a-f]{64}/, `$1${"0".repeat(64)}`);
		expect((await drain(proof, headers, Buffer.from(wrong, "latin1"))).code).toBe(
			"signature_mismatch",
		);
	});

	test("a trailer where none was announced by the mode", async () => {
		const change = { "x-amz-trailer": "x-amz-checksum-crc32" };
		const { proof, headers, body } = await chunked(signedChunks, {}, change);
		expect((await drain(proof, headers, body)).code).toBe("trailer_malformed");
	});

	test("without a decoded length", async () => {
		const { proof, headers } = await verified({ "x-amz-content-sha256": unsignedTrailer });
		expect((await drain(proof, headers, Buffer.from("0\r\n\r\n"))).code).toBe("length_missing");
	});

	test("where everybody is let in, signatures are skipped and checksums count", async () => {
		const { headers, body } = await chunked(signedTrailer);
		const open = acceptUnverified(
			{ method: "PUT", rawPath: "/", rawQuery: "", headers, hosts: [] },
			{ id: "anonymous", credentialKind: "auth-disabled", loginId: "anonymous" },
		);
		expect(await drain(open, headers, body)).toEqual({ bytes: text, code: "" });
		const changed = Buffer.from(
			body.toString("latin1").replace('"serial":1', '"serial":2'),
			"latin1",
		);
		expect((await drain(open, headers, changed)).code).toBe("checksum_mismatch");
	});
});

test("a client that goes away is an incomplete body", async () => {
	const { proof, headers } = await verified({ "x-amz-content-sha256": "UNSIGNED-PAYLOAD" });
	const body = new ReadableStream<Uint8Array>({
		pull(controller) {
			controller.enqueue(Buffer.from("x"));
			controller.error(new Error("reset"));
		},
	});
	const payload = openPayload(proof, headers, body);
	await expect(collectPayload(payload, 10, () => new Error())).rejects.toMatchObject({
		code: "body_incomplete",
	});
});

test("a body above the limit is refused before and while it is read", async () => {
	const { proof, headers } = await verified({ "x-amz-content-sha256": "UNSIGNED-PAYLOAD" });
	const tooLarge = () => new Error("too large");
	const unsized = openPayload(proof, headers, streamOf(Buffer.alloc(100)));
	await expect(collectPayload(unsized, 50, tooLarge)).rejects.toThrow("too large");
	const sized = { stream: streamOf(Buffer.alloc(100)), sizeBytes: 100 };
	await expect(collectPayload(sized, 50, tooLarge)).rejects.toThrow("too large");
});
