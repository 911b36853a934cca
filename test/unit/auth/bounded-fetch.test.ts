import { describe, expect, test } from "bun:test";
import { fetchJson, isFetchable } from "../../../src/auth/oidc/bounded-fetch.ts";
import { limits } from "../../../src/core/limits.ts";

describe("requests to providers", () => {
	test.each([
		["https://idp.example.com/", true],
		["http://localhost:8080/", true],
		["http://127.0.0.1/", true],
		["http://[::1]:1/", true],
		["http://idp.example.com/", false],
		["http://localhost.evil.example/", false],
		["http://127.0.0.1.evil.example/", false],
		["file:///etc/passwd", false],
		["https://user:password@idp.example.com/", false],
		["data:application/json,{}", false],
		["ftp://idp.example.com/", false],
		["", false],
	])("%s: %p", (url, isAllowed) => {
		expect(isFetchable(url)).toBe(isAllowed);
	});

	test("answers that are too large, or not JSON, or no object, or drip for ever, are none", async () => {
		const answers: (() => Response)[] = [
			() => Response.json({ x: "y".repeat(limits.identityFetchBytesMax) }),
			() => new Response("{}", { headers: { "content-type": "text/html" } }),
			() => Response.json([]),
			() => Response.json(null),
			() => new Response("{", { headers: { "content-type": "application/json" } }),
			() => new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } }),
		];
		for (const answer of answers) {
			const asking = fetchJson(async () => answer(), "https://idp.example.com/", "it");
			await expect(asking).rejects.toMatchObject({ code: "provider_unavailable" });
		}
	});
});
