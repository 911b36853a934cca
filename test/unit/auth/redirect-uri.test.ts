import { describe, expect, test } from "bun:test";
import { isLoopbackRedirect } from "../../../src/auth/oauth/redirect-uri.ts";
import { redirectCorpus } from "../../fixtures/redirect-uris.ts";

describe("redirect URIs", () => {
	test.each([...redirectCorpus.allowed])("%s passes", (uri) => {
		expect(isLoopbackRedirect(uri)).toBe(true);
	});

	test.each([...redirectCorpus.refused])("%j is refused", (uri) => {
		expect(isLoopbackRedirect(uri)).toBe(false);
	});
});
