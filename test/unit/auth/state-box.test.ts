import { describe, expect, test } from "bun:test";
import { challengeOf, isChallenge, isVerifierOf } from "../../../src/auth/oauth/pkce.ts";
import { StateBox, stateKeyFrom } from "../../../src/auth/oauth/state-box.ts";
import { limits } from "../../../src/core/limits.ts";
import { realRandom } from "../../support/core.ts";
import { ManualClock } from "../../support/store-clock.ts";

const clock = new ManualClock();
const key = new Uint8Array(32).fill(7);
const box = new StateBox({ key, issuer: "urn:a", clock, random: realRandom });

describe("sealed state", () => {
	const sealed = box.seal("login", { who: "alice" }, "browser");

	test("opens at its own step, in its own browser", () => {
		expect(box.open<{ who: string }>("login", sealed, "browser")?.value).toEqual({ who: "alice" });
	});

	test("opens nowhere else", () => {
		expect(box.open("consent", sealed, "browser")).toBeNull();
		expect(box.open("provider", sealed, "browser")).toBeNull();
		expect(box.open("login", sealed, "another browser")).toBeNull();
		expect(box.open("login", sealed, "")).toBeNull();
		const otherKey = new StateBox({
			key: new Uint8Array(32),
			issuer: "urn:a",
			clock,
			random: realRandom,
		});
		expect(otherKey.open("login", sealed, "browser")).toBeNull();
		const otherIssuer = new StateBox({ key, issuer: "urn:b", clock, random: realRandom });
		expect(otherIssuer.open("login", sealed, "browser")).toBeNull();
	});

	test("notices every flipped bit", () => {
		const bytes = Buffer.from(sealed, "base64url");
		for (let bit = 0; bit < bytes.length * 8; bit++) {
			const changed = Buffer.from(bytes);
			changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
			expect(box.open("login", changed.toString("base64url"), "browser")).toBeNull();
		}
	});

	test("notices every truncation and every addition", () => {
		for (let length = 0; length < sealed.length; length++) {
			expect(box.open("login", sealed.slice(0, length), "browser")).toBeNull();
		}
		for (const more of ["A", "=", "\n", " ", "AAAA"]) {
			expect(box.open("login", sealed + more, "browser")).toBeNull();
		}
		expect(box.open("login", "A".repeat(100_000), "browser")).toBeNull();
	});

	test("expires", async () => {
		const clock = new ManualClock();
		const box = new StateBox({ key, issuer: "urn:a", clock, random: realRandom });
		const sealed = box.seal("login", { who: "alice" }, "browser");
		await clock.advance(limits.loginFlowMs - 1);
		expect(box.open("login", sealed, "browser")).not.toBeNull();
		await clock.advance(1);
		expect(box.open("login", sealed, "browser")).toBeNull();
	});

	test("never looks the same twice", () => {
		const all = Array.from({ length: 50 }, () => box.seal("login", 1, "b"));
		expect(new Set(all.map((one) => one.slice(0, 17))).size).toBe(50);
	});
});

describe("the key of the state", () => {
	test.each(["", "short", "x".repeat(31), "default-key-change-in-production-32b"])(
		"%j is refused",
		(text) => {
			expect(() => stateKeyFrom(text)).toThrow("OPENTACO_OAUTH_STATE_KEY");
		},
	);

	test("a good one gives the same key everywhere", () => {
		const text = "k8s3m9xP2vQ7wE1rT6yU4iO5pL0aSd8f";
		expect(stateKeyFrom(text)).toEqual(stateKeyFrom(text));
		expect(stateKeyFrom(text)).not.toEqual(stateKeyFrom(`${text}x`));
	});
});

describe("PKCE", () => {
	// RFC 7636, appendix B.
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

	test("the example of the RFC", () => {
		expect(challengeOf(verifier)).toBe(challenge);
		expect(isVerifierOf(verifier, challenge)).toBe(true);
	});

	test.each([
		["empty", ""],
		["too short", verifier.slice(0, 42)],
		["too long", "a".repeat(129)],
		["another one", `${verifier.slice(0, 42)}l`],
		["the challenge itself", challenge],
		["with a strange character", `${verifier.slice(0, 42)}+`],
		["with a line break", `${verifier}\n`],
	])("a verifier that is %s", (_name, text) => {
		expect(isVerifierOf(text, challenge)).toBe(false);
		expect(isVerifierOf(text, "")).toBe(false);
	});

	test("verifiers of 43 and 128 characters", () => {
		for (const text of ["a".repeat(43), "~.-_".repeat(32)]) {
			expect(isVerifierOf(text, challengeOf(text))).toBe(true);
		}
	});

	test.each([
		"",
		"a".repeat(42),
		"a".repeat(44),
		`${"a".repeat(42)}=`,
		`${challenge.slice(0, 42)}N`,
		`${challenge}\n`,
	])("%j is no challenge", (text) => {
		expect(isChallenge(text)).toBe(false);
	});
});
