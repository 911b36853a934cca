/**
 * Requests signed by hand, after AWS's description: for names that the SDK's signer cannot take,
 * because it keeps the query in an object, where `__proto__` does not stay.
 */
import { expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { type S3Credentials, Sts } from "../../../../src/auth/sts/credentials.ts";
import { type ReceivedRequest, verifyRequest } from "../../../../src/auth/sts/sigv4.ts";
import { realRandom } from "../../../support/core.ts";
import { fixedKeys } from "./keys.ts";

const time = "20260102T030405Z";
const now = () => Date.parse("2026-01-02T03:04:05Z");
const sts = new Sts({ keys: fixedKeys("k1"), clock: { now }, random: realRandom });
const path = "/s3/opentaco/app/terraform.tfstate";

/** A GET with a query and one more header; the query is in the order of its names already. */
function signedByHand(
	credentials: S3Credentials,
	query: string,
	[name, value]: readonly [string, string],
): ReceivedRequest & { headers: Headers } {
	const headers = new Headers([
		[name, value],
		["host", "taco.example.com"],
		["x-amz-content-sha256", "UNSIGNED-PAYLOAD"],
		["x-amz-date", time],
		["x-amz-security-token", credentials.sessionToken],
	]);
	const names = [...headers.keys()].sort();
	const canonical = [
		...["GET", path, query],
		...names.map((one) => `${one}:${headers.get(one)}`),
		...["", names.join(";"), "UNSIGNED-PAYLOAD"],
	].join("\n");
	const scope = "20260102/auto/s3/aws4_request";
	const hash = createHash("sha256").update(canonical).digest("hex");
	const key = scope
		.split("/")
		.reduce<string | Uint8Array>(
			(before, part) => createHmac("sha256", before).update(part).digest(),
			`AWS4${credentials.secretAccessKey}`,
		);
	const signature = createHmac("sha256", key)
		.update(["AWS4-HMAC-SHA256", time, scope, hash].join("\n"))
		.digest("hex");
	headers.set(
		"authorization",
		`AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
	);
	const hosts = ["taco.example.com"];
	return { method: "GET", rawPath: path, rawQuery: query, headers, hosts };
}

for (const name of ["__proto__", "constructor", "hasownproperty", "tostring"]) {
	test(`${name} counts, as a parameter and as a header`, async () => {
		const credentials = await sts.issue({
			principal: { id: "alice", credentialKind: "access-token", loginId: "l1" },
			ttlMs: 600_000,
		});
		const resolve = (id: string, token: string) => sts.resolve(id, token);
		const verify = (request: ReceivedRequest) => verifyRequest(request, { resolve, now });
		const request = signedByHand(credentials, `${name}=1`, [name, "2"]);
		expect((await verify(request)).principal.id).toBe("alice");
		const headers = new Headers([...request.headers]);
		headers.set(name, "3");
		for (const change of [{ rawQuery: `${name}=2` }, { rawQuery: "" }, { headers }]) {
			await expect(verify({ ...request, ...change })).rejects.toMatchObject({
				code: "signature_mismatch",
			});
		}
	});
}
