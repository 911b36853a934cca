import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type S3Credentials, Sts } from "../../../../src/auth/sts/credentials.ts";
import {
	acceptUnverified,
	type ReceivedRequest,
	verifyRequest,
} from "../../../../src/auth/sts/sigv4.ts";
import { realRandom } from "../../../support/core.ts";
import { fixedKeys } from "./keys.ts";
import { escapeUri, queryText, received, type Sent, signer } from "./signing.ts";

const signedAt = Date.parse("2026-01-02T03:04:05Z");
let now = signedAt;
let sts: Sts;
let credentials: S3Credentials;

beforeAll(async () => {
	sts = new Sts({ keys: fixedKeys("k1"), clock: { now: () => now }, random: realRandom });
	credentials = await sts.issue({
		principal: { id: "alice", credentialKind: "access-token", loginId: "l1" },
		ttlMs: 3_600_000,
	});
});

function verify(request: ReceivedRequest, at = signedAt) {
	now = at;
	return verifyRequest(request, {
		resolve: (id, token) => sts.resolve(id, token),
		now: () => at,
	});
}

const get: Sent = {
	method: "GET",
	path: "/s3/opentaco/app/terraform.tfstate",
	headers: { host: "taco.example.com:8080", "accept-encoding": "identity" },
};

async function signed(sent: Sent = get, at = signedAt, region = "auto", service = "s3") {
	return (await signer(credentials, region, service).sign(
		{ protocol: "https:", hostname: "unused", ...sent } as never,
		{ signingDate: new Date(at) },
	)) as unknown as Sent;
}

async function presigned(sent: Sent = get, expiresIn = 600, at = signedAt) {
	return (await signer(credentials).presign(
		{
			protocol: "https:",
			hostname: "unused",
			...sent,
			// As the SDK's presigner for S3 does.
			headers: { ...sent.headers, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
		} as never,
		{ signingDate: new Date(at), expiresIn },
	)) as unknown as Sent;
}

async function expectFault(request: Promise<unknown>, code: string) {
	await expect(request).rejects.toMatchObject({ name: "StsFault", code });
}

describe("the AWS SDK's signer and ours agree", () => {
	test("on a plain request", async () => {
		const verified = await verify(received(await signed()));
		expect(verified.principal.id).toBe("alice");
		expect(verified.payload.kind).toBe("hash");
	});

	test("on any path, query, header and body", async () => {
		const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
		const value = fc.string({ unit: fc.constantFrom(..."ab 12=+/;,:\"'~!*()%-_."), maxLength: 20 });
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom("GET", "PUT", "HEAD", "DELETE", "POST"),
				fc.array(word, { maxLength: 4 }),
				fc.dictionary(
					// The SDK's signer loses `__proto__`; signed-by-hand.test.ts tries it.
					word.filter((name) => !/^(x-amz-|AWSAccessKeyId|__proto__$)/i.test(name)),
					fc.oneof(word, fc.constant("")),
					{ maxKeys: 5 },
				),
				fc.dictionary(fc.stringMatching(/^x-(amz-meta|other)-[a-z]{1,5}$/), value, { maxKeys: 4 }),
				fc.string({ maxLength: 40 }),
				fc.constantFrom("auto", "us-east-1", "eu-west-3"),
				async (method, segments, query, headers, body, region) => {
					const path = `/s3/opentaco/${segments.map(escapeUri).join("/")}`;
					const one = await signed(
						{ method, path, query, headers: { ...get.headers, ...headers }, body },
						signedAt,
						region,
					);
					await verify(received(one));
				},
			),
			{ numRuns: 300 },
		);
	});

	test("on presigned requests", async () => {
		for (const method of ["GET", "PUT"]) {
			const one = await presigned({ ...get, method, query: { versionId: "7", "x-id": "a b" } });
			const verified = await verify(received(one));
			expect(verified.principal.id).toBe("alice");
		}
	});

	test("on paths that are not escaped, as Terraform sends them", async () => {
		const one = await signed({ ...get, path: "/s3/opentaco/env:/dev/k+1=x/terraform.tfstate" });
		await verify(received(one));
	});
});

describe("time", () => {
	test("up to 15 minutes either way", async () => {
		const one = received(await signed());
		for (const minutes of [-15, -14, 14, 15]) await verify(one, signedAt + minutes * 60_000);
		for (const minutes of [-16, 16, -60 * 24 * 400, 60 * 24 * 400]) {
			await expectFault(verify(one, signedAt + minutes * 60_000), "time_skewed");
		}
	});

	test("the years 1970 and 2100", async () => {
		for (const year of [1970, 2100]) {
			const at = Date.parse(`${year}-01-02T03:04:05Z`);
			await expectFault(verify(received(await signed(get, at))), "time_skewed");
		}
	});

	test("the scope's day is that of the request", async () => {
		const one = await signed();
		const authorization = one.headers.authorization ?? "";
		one.headers.authorization = authorization.replace("/20260102/", "/20260103/");
		await expectFault(verify(received(one)), "authorization_malformed");
	});

	test("a presigned URL lives as long as it says, and not before its time", async () => {
		const one = received(await presigned(get, 60));
		await verify(one, signedAt + 60_000);
		await expectFault(verify(one, signedAt + 60_001), "url_expired");
		await expectFault(verify(one, signedAt - 16 * 60_000), "time_skewed");
	});

	test("the expiry of a presigned URL is from 1 to 604800 seconds", async () => {
		const one = await presigned(get, 604_800);
		await verify(received(one));
		for (const expires of ["0", "-1", "604801", "1e9", "", "1.5", " 5", "99999999999"]) {
			const query = { ...one.query, "X-Amz-Expires": expires };
			await expectFault(verify(received({ ...one, query })), "query_malformed");
		}
		const { "X-Amz-Expires": _, ...without } = one.query ?? {};
		await expectFault(verify(received({ ...one, query: without })), "query_malformed");
	});

	test("expired credentials do not sign, whatever the URL says", async () => {
		const one = received(await presigned(get, 604_800));
		await expectFault(verify(one, signedAt + 3_700_000 * 10), "credentials_expired");
	});
});

describe("what was signed", () => {
	test("another method, path, query, host or header is refused", async () => {
		const one = await signed({ ...get, headers: { ...get.headers, range: "bytes=0-5" } });
		await verify(received(one));
		const forged: [string, Partial<Sent>][] = [
			["method", { method: "PUT" }],
			["path", { path: "/s3/opentaco/other/terraform.tfstate" }],
			["escaping", { path: "/s3/opentaco/app%2Fterraform.tfstate" }],
			["query", { query: { versionId: "1" } }],
			["host", { headers: { ...one.headers, host: "evil.example.com" } }],
			["header", { headers: { ...one.headers, range: "bytes=0-6" } }],
			["time", { headers: { ...one.headers, "x-amz-date": "20260102T030406Z" } }],
			["hash", { headers: { ...one.headers, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } }],
		];
		for (const [, change] of forged) {
			await expectFault(verify(received({ ...one, ...change })), "signature_mismatch");
		}
	});

	test("a presigned GET is no PUT", async () => {
		const one = await presigned();
		await expectFault(verify(received({ ...one, method: "PUT" })), "signature_mismatch");
	});

	test("headers that a proxy adds do not matter, except x-amz- ones", async () => {
		const one = await signed();
		const added = {
			...one.headers,
			"x-forwarded-for": "10.0.0.1",
			via: "1.1 proxy",
			"x-amzn-trace-id": "Root=1",
			"x-amz-cf-id": "abc",
			"user-agent": "changed",
		};
		await verify(received({ ...one, headers: added }));
		for (const name of ["x-amz-acl", "x-amz-copy-source", "X-Amz-Meta-Owner"]) {
			const headers = { ...one.headers, [name]: "x" };
			await expectFault(verify(received({ ...one, headers })), "header_missing");
		}
	});

	test("a signed header that is gone", async () => {
		const one = await signed({ ...get, headers: { ...get.headers, range: "bytes=0-9" } });
		const { range: _, ...headers } = one.headers;
		await expectFault(verify(received({ ...one, headers })), "header_missing");
	});

	test("a proxy may replace or remove the Accept-Encoding of Terraform, and nothing else", async () => {
		const one = await signed();
		const { "accept-encoding": _, ...without } = one.headers;
		await verify(received({ ...one, headers: without }));
		await verify(received({ ...one, headers: { ...without, "accept-encoding": "gzip, br" } }));
		const other = await signed({ ...get, headers: { ...get.headers, "accept-encoding": "br" } });
		await verify(received(other));
		const changed = { ...other.headers, "accept-encoding": "gzip" };
		await expectFault(verify(received({ ...other, headers: changed })), "signature_mismatch");
		const bodiless = { ...without, "x-amz-content-sha256": "0".repeat(64) };
		await expectFault(verify(received({ ...one, headers: bodiless })), "signature_mismatch");
	});

	test("the session token must be signed and be the key's own", async () => {
		const one = await signed();
		const other = await sts.issue({
			principal: { id: "bob", credentialKind: "access-token", loginId: "l2" },
			ttlMs: 600_000,
		});
		const swapped = { ...one.headers, "x-amz-security-token": other.sessionToken };
		await expectFault(verify(received({ ...one, headers: swapped })), "unknown_access_key");
		const { "x-amz-security-token": _, ...without } = one.headers;
		await expectFault(verify(received({ ...one, headers: without })), "header_missing");
		const bare = {
			...without,
			authorization: (one.headers.authorization ?? "").replace(";x-amz-security-token", ""),
		};
		await expectFault(verify(received({ ...one, headers: bare })), "unknown_access_key");
	});

	test("the host that a trusted proxy names counts as well", async () => {
		const one = await signed({ ...get, headers: { ...get.headers, host: "public.example.com" } });
		one.headers.host = "10.0.0.7:8080";
		await expectFault(verify(received(one)), "signature_mismatch");
		await verify(received(one, ["10.0.0.7:8080", "public.example.com"]));
	});
});

describe("the Authorization header", () => {
	const changes: [string, (text: string) => string, string][] = [
		["another service", (t) => t.replace("/s3/", "/sts/"), "authorization_malformed"],
		["another end", (t) => t.replace("aws4_request", "aws4_other"), "authorization_malformed"],
		["another region", (t) => t.replace("/auto/", "/eu-west-1/"), "signature_mismatch"],
		["no region", (t) => t.replace("/auto/", "//"), "authorization_malformed"],
		["upper-case names", (t) => t.replace("host;", "Host;"), "authorization_malformed"],
		[
			"unsorted names",
			(t) => t.replace("accept-encoding;host;", "host;accept-encoding;"),
			"authorization_malformed",
		],
		["a name twice", (t) => t.replace("host;", "host;host;"), "authorization_malformed"],
		["host not signed", (t) => t.replace("host;", ""), "header_missing"],
		["a part twice", (t) => `${t}, Signature=${"0".repeat(64)}`, "authorization_malformed"],
		["no signature", (t) => t.replace(/, Signature=.*/, ""), "authorization_malformed"],
		[
			"a zero signature",
			(t) => t.replace(/Signature=.*/, `Signature=${"0".repeat(64)}`),
			"signature_mismatch",
		],
		["a short signature", (t) => t.slice(0, -1), "authorization_malformed"],
		[
			"an upper-case signature",
			(t) => t.replace(/Signature=.*/, (s) => `S${s.slice(1).toUpperCase()}`),
			"authorization_malformed",
		],
		[
			"another algorithm",
			(t) => t.replace("HMAC-SHA256", "ECDSA-P256-SHA256"),
			"authorization_malformed",
		],
		["a bearer token", () => "Bearer abc", "authorization_malformed"],
		["basic", () => "Basic YTpi", "authorization_malformed"],
		["version 2", () => "AWS AKID:sig", "unsupported"],
		["nothing in it", () => "AWS4-HMAC-SHA256 ", "authorization_malformed"],
		["the header twice", (t) => `${t}, ${t}`, "authorization_malformed"],
		["too long", (t) => t.replace(", ", `, ${" ".repeat(5000)}`), "authorization_malformed"],
		[
			"an unknown key",
			(t) => t.replace(/Credential=[^/]+/, "Credential=AKIDEXAMPLE"),
			"unknown_access_key",
		],
	];
	for (const [name, change, code] of changes) {
		test(name, async () => {
			const one = await signed();
			one.headers.authorization = change(one.headers.authorization ?? "");
			await expectFault(verify(received(one)), code);
		});
	}

	test("none at all", async () => {
		await expectFault(verify(received(get)), "unsigned");
	});

	test("and a signature in the query as well", async () => {
		const one = await presigned();
		const both = { ...one, headers: { ...one.headers, authorization: "AWS4-HMAC-SHA256 x" } };
		await expectFault(verify(received(both)), "authorization_malformed");
	});
});

describe("the query", () => {
	test("order and repetition", async () => {
		const one = await signed({ ...get, query: { b: ["2", "1"], a: "", "a-b": "x" } });
		await verify({ ...received(one), rawQuery: "b=2&a=&b=1&a-b=x" });
		await verify({ ...received(one), rawQuery: "a&a-b=x&b=1&b=2" });
		await expectFault(verify({ ...received(one), rawQuery: "a=&a-b=x&b=1" }), "signature_mismatch");
	});

	test("parameters of the signature stand once, spelt as AWS spells them", async () => {
		const one = await presigned();
		const request = received(one);
		for (const extra of [
			"X-Amz-Expires=5",
			"x-amz-expires=5",
			"X-Amz-Signature=0",
			"X%2DAmz-Date=20260102T030405Z",
		]) {
			await expectFault(
				verify({ ...request, rawQuery: `${request.rawQuery}&${extra}` }),
				"query_malformed",
			);
		}
	});

	test("a part of a signature, version 2, broken escapes", async () => {
		const request = received(get);
		await expectFault(verify({ ...request, rawQuery: "X-Amz-Expires=5" }), "query_malformed");
		await expectFault(
			verify({ ...request, rawQuery: "AWSAccessKeyId=a&Signature=b&Expires=1" }),
			"unsupported",
		);
		await expectFault(verify({ ...request, rawQuery: "X-Amz-%ZZ=5" }), "query_malformed");
	});

	test("a parameter added to a presigned URL", async () => {
		const one = await presigned();
		const query = { ...one.query, versionId: "1" };
		await expectFault(verify(received({ ...one, query })), "signature_mismatch");
		expect(queryText(one.query)).toContain("X-Amz-Signature=");
	});
});

describe("how the body is protected", () => {
	test("each way of it", async () => {
		const ways: [string, object][] = [
			["UNSIGNED-PAYLOAD", { kind: "unsigned" }],
			["a".repeat(64), { kind: "hash", sha256: "a".repeat(64) }],
			["STREAMING-UNSIGNED-PAYLOAD-TRAILER", { kind: "chunked", hasTrailer: true, signing: null }],
			["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", { kind: "chunked", hasTrailer: false }],
			["STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", { kind: "chunked", hasTrailer: true }],
		];
		for (const [hash, payload] of ways) {
			const one = await signed({
				...get,
				method: "PUT",
				headers: { ...get.headers, "x-amz-content-sha256": hash },
			});
			expect((await verify(received(one))).payload).toMatchObject(payload);
		}
	});

	test("unknown ways are refused", async () => {
		for (const hash of [
			"",
			"STREAMING-OTHER",
			"unsigned-payload",
			"A".repeat(64),
			"a".repeat(63),
		]) {
			const one = await signed({
				...get,
				headers: { ...get.headers, "x-amz-content-sha256": hash || "x" },
			});
			await expectFault(verify(received(one)), "unsupported");
		}
	});

	test("without proof, where everybody is let in, the framing is still known", () => {
		const anonymous = { id: "anonymous", credentialKind: "auth-disabled", loginId: "a" } as const;
		expect(acceptUnverified(received(get), anonymous).payload.kind).toBe("unsigned");
		const headers = {
			...get.headers,
			"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
		};
		expect(acceptUnverified(received({ ...get, headers }), anonymous).payload.kind).toBe("chunked");
	});
});
