import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { signingKey } from "../../../src/auth/sts/canonical.ts";
import type { S3Credentials } from "../../../src/auth/sts/credentials.ts";
import { startChecksum } from "../../../src/lib/checksum.ts";
import { readTarget } from "../../../src/server/surfaces/s3/request.ts";
import { escapeXml, readXml } from "../../../src/server/surfaces/s3/xml.ts";
import { frameChunks } from "../../unit/auth/sts/chunks.ts";
import { queryText, type Sent, signer } from "../../unit/auth/sts/signing.ts";
import { type Harness, openHarness, stateText } from "./harness.ts";

const path = "/s3/opentaco/app/terraform.tfstate";
let harness: Harness;
let credentials: S3Credentials;

beforeEach(async () => {
	harness = await openHarness();
	credentials = await harness.credentials("alice");
});
afterEach(() => harness.close());

async function sign(sent: Partial<Sent>, at = new Date()): Promise<Sent> {
	const host = new URL(harness.url).host;
	return (await signer(credentials).sign(
		{
			protocol: "http:",
			hostname: "unused",
			method: "GET",
			path,
			...sent,
			headers: { host, ...sent.headers },
		} as never,
		{ signingDate: at },
	)) as unknown as Sent;
}

function send(sent: Sent, body?: Uint8Array | string): Promise<Response> {
	const { host: _, ...headers } = sent.headers;
	const query = queryText(sent.query);
	return fetch(`${new URL(harness.url).origin}${sent.path}${query === "" ? "" : `?${query}`}`, {
		method: sent.method,
		headers,
		...(body === undefined ? {} : { body: body as string }),
	});
}

async function codeOf(response: Response): Promise<string> {
	return `${response.status} ${/<Code>(.*)<\/Code>/.exec(await response.text())?.[1]}`;
}

describe("who may pass", () => {
	test("nobody without a signature, and no other credential", async () => {
		for (const headers of [
			{},
			{ authorization: "Bearer some-token" },
			{ authorization: "Basic YTpi" },
		] as Record<string, string>[]) {
			for (const url of [harness.url, `${harness.url}/opentaco`, `${harness.url}/opentaco/k`]) {
				for (const method of ["GET", "PUT", "HEAD", "DELETE", "POST"]) {
					const response = await fetch(url, { method, headers });
					expect(response.status).toBeGreaterThanOrEqual(400);
					expect(response.status).toBeLessThan(404);
					expect(response.headers.get("x-amz-request-id")).toMatch(/^r\d+$/);
				}
			}
		}
		expect(await codeOf(await fetch(harness.url))).toBe("403 AccessDenied");
	});

	test("codes that clients act on", async () => {
		const late = await send(await sign({}, new Date(Date.now() - 20 * 60_000)));
		expect(late.headers.get("date")).not.toBeNull();
		expect(await codeOf(late)).toBe("403 RequestTimeTooSkewed");
		const forged = await sign({});
		forged.headers["x-amz-date"] = forged.headers["x-amz-date"]?.replace(/.{3}Z$/, "000Z") ?? "";
		expect(await codeOf(await send(forged))).toBe("403 SignatureDoesNotMatch");
		const unknown = await sign({});
		unknown.headers["x-amz-security-token"] = "other";
		expect(await codeOf(await send(unknown))).toBe("403 InvalidAccessKeyId");
		expect(await codeOf(await send(await sign({})))).toBe("404 NoSuchKey");
	});

	test("a presigned URL, for what it was made", async () => {
		const host = new URL(harness.url).host;
		const presigned = (await signer(credentials).presign(
			{
				protocol: "http:",
				hostname: "unused",
				method: "PUT",
				path,
				headers: { host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
			} as never,
			{ expiresIn: 60 },
		)) as unknown as Sent;
		expect((await send(presigned, stateText(1))).status).toBe(200);
		expect(await codeOf(await send({ ...presigned, method: "GET" }))).toBe(
			"403 SignatureDoesNotMatch",
		);
	});
});

describe("bodies", () => {
	test("in chunks: unsigned with a trailer, signed, signed with a trailer", async () => {
		for (const [serial, mode] of [
			[1, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"],
			[2, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"],
			[3, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"],
		] as const) {
			const text = stateText(serial, "l-1", serial * 700_000);
			const checksum = startChecksum("crc64nvme");
			checksum.update(Buffer.from(text));
			const value = checksum.digest();
			const hasTrailer = mode.endsWith("TRAILER");
			const sent = await sign({
				method: "PUT",
				headers: {
					"content-encoding": "aws-chunked",
					"x-amz-content-sha256": mode,
					"x-amz-decoded-content-length": String(text.length),
					...(hasTrailer ? { "x-amz-trailer": "x-amz-checksum-crc64nvme" } : {}),
				},
			});
			const time = sent.headers["x-amz-date"] ?? "";
			const scope = { day: time.slice(0, 8), region: "auto", service: "s3" };
			const body = frameChunks({
				data: Buffer.from(text),
				sizes: [65_536, 65_536, 500_000],
				signing:
					mode === "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
						? null
						: {
								key: signingKey(credentials.secretAccessKey, scope),
								time,
								scope: `${scope.day}/auto/s3/aws4_request`,
								seedSignature: /Signature=(\w+)/.exec(sent.headers.authorization ?? "")?.[1] ?? "",
							},
				trailer: hasTrailer ? { "x-amz-checksum-crc64nvme": value } : null,
			});
			const forged = Buffer.from(body);
			forged[body.length - 200_000] = "y".charCodeAt(0);
			const refused = await send(sent, forged);
			expect(refused.status).toBeGreaterThanOrEqual(400);
			const before = await send(await sign({}));
			expect(before.headers.get("x-amz-version-id")).toBe(serial === 1 ? null : String(serial - 1));
			const stored = await send(sent, body);
			expect([mode, stored.status]).toEqual([mode, 200]);
			if (hasTrailer) expect(stored.headers.get("x-amz-checksum-crc64nvme")).toBe(value);
			const read = await send(await sign({}));
			expect((await read.text()) === text).toBe(true);
			expect(read.headers.get("content-encoding")).toBeNull();
		}
	});

	test("another body than the one that was signed changes nothing", async () => {
		for (const padding of [0, 2_000_000]) {
			const sent = await sign({ method: "PUT", body: stateText(1, "l", padding) });
			expect(await codeOf(await send(sent, stateText(2, "l", padding)))).toBe(
				"400 XAmzContentSHA256Mismatch",
			);
			expect(await codeOf(await send(await sign({})))).toBe("404 NoSuchKey");
		}
	});

	test("a body above the limit", async () => {
		const sent = await sign({
			method: "PUT",
			headers: {
				"content-encoding": "aws-chunked",
				"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
				"x-amz-decoded-content-length": String(65 * 1024 * 1024),
			},
		});
		expect(await codeOf(await send(sent, "x"))).toBe("400 EntityTooLarge");
	});
});

describe("paths and queries", () => {
	test("what a path names", () => {
		expect(readTarget("/s3")).toEqual({ bucket: null, key: null });
		expect(readTarget("/s3/")).toEqual({ bucket: null, key: null });
		expect(readTarget("/s3/b")).toEqual({ bucket: "b", key: null });
		expect(readTarget("/s3/b/")).toEqual({ bucket: "b", key: null });
		expect(readTarget("/s3/b/a%2Fb/c+d%20e/")).toEqual({ bucket: "b", key: "a/b/c+d e/" });
		for (const bad of ["/s3//k", "/s3x", "/s3/b/%ZZ", "/s3/b/%ff"]) {
			expect(() => readTarget(bad)).toThrow();
		}
	});

	test("a parameter that stands twice", async () => {
		const sent = await sign({ path: "/s3/opentaco", query: { prefix: ["a", "b"] } });
		expect(await codeOf(await send(sent))).toBe("400 InvalidArgument");
	});
});

describe("XML", () => {
	const read = (text: string) => readXml(Buffer.from(text));

	test("is escaped", () => {
		expect(escapeXml(`a<b>&"'\u0001`)).toBe("a&lt;b&gt;&amp;&quot;&#x27;&#x1;");
	});

	test("is read with its five entities and numbers", () => {
		const root = read(
			'<?xml version="1.0"?>\n<A xmlns="http://x"><B>&#34;1&amp;&lt;&#x41;&#34;</B><C/> <D a=\'1\' >x</D></A>\n',
		);
		expect(root.name).toBe("A");
		expect(root.children.map((child) => [child.name, child.text])).toEqual([
			["B", '"1&<A"'],
			["C", ""],
			["D", "x"],
		]);
	});

	test("anything else is refused", () => {
		for (const bad of [
			"",
			"text",
			"<A>",
			"<A></B>",
			"</A>",
			"<A></A><B></B>",
			"<A></A>text",
			"<A",
			"<A><!-- c --></A>",
			"<A><![CDATA[x]]></A>",
			"<A>]]></A>",
			'<!DOCTYPE A [<!ENTITY x "y">]><A>&x;</A>',
			"<A>&x;</A>",
			"<A>&amp</A>",
			"<A>&#0;</A>",
			"<A>&#xD800;</A>",
			"<A>&#x110000;</A>",
			"<A>&constructor;</A>",
			"<?xml version='1.0'?><?php x ?><A></A>",
			"<A b></A>",
			"<A b=c></A>",
			"<A/ >",
			"<A></A b='c'>",
			"<A>".repeat(10) + "</A>".repeat(10),
		]) {
			expect(() => read(bad)).toThrow();
		}
		expect(() => readXml(Uint8Array.of(0x3c, 0xff, 0x3e))).toThrow();
	});
});
