import { beforeAll, describe, expect, test } from "bun:test";
import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import type { Identities } from "../../../src/auth/identity.ts";
import type { TokenKind } from "../../../src/auth/token/signed-token.ts";
import type { ManualClock } from "../../support/store-clock.ts";
import { openServer, openShared } from "./identities.ts";

let server: Identities;
let clock: ManualClock;
let issuer: string;
const kinds: readonly TokenKind[] = ["access", "refresh", "code"];
const types = { access: "at+jwt", refresh: "opentaco-refresh+jwt", code: "opentaco-code+jwt" };

beforeAll(async () => {
	const opened = openShared();
	clock = opened.clock;
	server = await openServer(opened.shared);
	issuer = `urn:opentaco:${server.keyring.installation}`;
});

function b64(value: unknown): string {
	return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString(
		"base64url",
	);
}

/** A token signed with this server's own key, of whatever content. */
async function forge(
	header: Record<string, unknown>,
	claims: Record<string, unknown>,
	key?: KeyObject,
): Promise<string> {
	const now = Math.floor(clock.now() / 1000);
	return await new SignJWT({
		iss: issuer,
		aud: "opentaco/access",
		sub: "user:eve",
		jti: "0".repeat(32),
		iat: now,
		exp: now + 600,
		...claims,
	})
		.setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: server.keyring.kid, ...header })
		.sign(key ?? (await server.keyring.signingKey()));
}

describe("kinds of signed tokens", () => {
	for (const made of kinds) {
		for (const asked of kinds) {
			test(`a token of the kind ${made} at the verifier for ${asked}`, async () => {
				const { token } = await server.signed.sign(made, "user:alice", 60_000, {});
				const claims = await server.signed.verify(asked, token);
				expect(claims?.sub ?? null).toBe(made === asked ? "user:alice" : null);
			});
		}
	}

	test("neither type nor audience alone make a kind", async () => {
		expect(await server.signed.verify("access", await forge({}, {}))).not.toBeNull();
		expect(
			await server.signed.verify("refresh", await forge({ typ: types.refresh }, {})),
		).toBeNull();
		const audience = { aud: "opentaco/refresh" };
		expect(await server.signed.verify("refresh", await forge({}, audience))).toBeNull();
		const both = await forge({ typ: types.refresh }, audience);
		expect(await server.signed.verify("refresh", both)).not.toBeNull();
	});
});

describe("claims", () => {
	const now = () => Math.floor(clock.now() / 1000);
	const refused: [string, () => Record<string, unknown>][] = [
		["no exp", () => ({ exp: undefined })],
		["no iat", () => ({ iat: undefined })],
		["no sub", () => ({ sub: undefined })],
		["an empty sub", () => ({ sub: "" })],
		["no jti", () => ({ jti: undefined })],
		["a jti of another form", () => ({ jti: "../../x" })],
		["no iss", () => ({ iss: undefined })],
		["another issuer", () => ({ iss: "https://evil.example" })],
		["no aud", () => ({ aud: undefined })],
		["several audiences", () => ({ aud: ["opentaco/access", "opentaco/refresh"] })],
		["a huge exp", () => ({ exp: 1e308 })],
		["a life beyond the kind's", () => ({ exp: now() + 25 * 3600 })],
		["an exp in the past", () => ({ iat: now() - 7200, exp: now() - 3600 })],
		["an iat in the future", () => ({ iat: now() + 3600, exp: now() + 3700 })],
		["an nbf in the future", () => ({ nbf: now() + 3600 })],
		["an exp before iat", () => ({ iat: now() + 10, exp: now() })],
		["a text for exp", () => ({ exp: "tomorrow" })],
		["a fraction for exp", () => ({ exp: now() + 10.5 })],
	];
	test.each(refused)("%s is refused", async (_name, claims) => {
		const given = Object.entries(claims()).filter(([, value]) => value !== undefined);
		const now = Math.floor(clock.now() / 1000);
		const base: Record<string, unknown> = {
			...{ iss: issuer, aud: "opentaco/access", sub: "user:eve" },
			...{ jti: "0".repeat(32), iat: now, exp: now + 600 },
		};
		for (const name of Object.keys(claims())) delete base[name];
		const token = await new SignJWT({ ...base, ...Object.fromEntries(given) })
			.setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: server.keyring.kid })
			.sign(await server.keyring.signingKey());
		expect(await server.signed.verify("access", token)).toBeNull();
	});
});

describe("keys and algorithms", () => {
	test("no signature, in every spelling", async () => {
		const payload = (await forge({}, {})).split(".")[1] ?? "";
		for (const alg of ["none", "None", "NONE", "nOnE", ""]) {
			const header = b64({ alg, typ: "at+jwt", kid: server.keyring.kid });
			expect(await server.signed.verify("access", `${header}.${payload}.`)).toBeNull();
			expect(await server.signed.verify("access", `${header}.${payload}`)).toBeNull();
		}
	});

	test("an HMAC with our public key as the secret", async () => {
		const [jwk] = await server.keyring.publicKeys();
		const payload = (await forge({}, {})).split(".")[1] ?? "";
		for (const secret of [
			Buffer.from(jwk?.x ?? "", "base64url"),
			jwk?.x ?? "",
			JSON.stringify(jwk),
		]) {
			const input = `${b64({ alg: "HS256", typ: "at+jwt", kid: server.keyring.kid })}.${payload}`;
			const mac = createHmac("sha256", secret).update(input).digest("base64url");
			expect(await server.signed.verify("access", `${input}.${mac}`)).toBeNull();
		}
	});

	test("a key of their own, embedded or named", async () => {
		const { privateKey, publicKey } = generateKeyPairSync("ed25519");
		const jwk = publicKey.export({ format: "jwk" });
		for (const header of [
			{},
			{ jwk },
			{ jku: "https://evil.example/keys" },
			{ x5u: "https://evil.example" },
		]) {
			expect(await server.signed.verify("access", await forge(header, {}, privateKey))).toBeNull();
		}
	});

	test("a good signature does not carry extra headers", async () => {
		const { publicKey } = generateKeyPairSync("ed25519");
		const jwk = publicKey.export({ format: "jwk" });
		for (const header of [{ jwk }, { jku: "https://evil.example" }, { x5c: [] }, { cty: "JWT" }]) {
			expect(await server.signed.verify("access", await forge(header, {}))).toBeNull();
		}
	});

	test("an unknown, missing or strange kid", async () => {
		for (const kid of ["unknown", "", "../keys", "x".repeat(500), undefined, 7]) {
			expect(await server.signed.verify("access", await forge({ kid }, {}))).toBeNull();
		}
	});

	test("crit and b64", async () => {
		const good = (await forge({}, {})).split(".");
		for (const extra of [{ crit: ["b64"], b64: false }, { crit: ["x"], x: 1 }, { b64: false }]) {
			const header = b64({ alg: "EdDSA", typ: "at+jwt", kid: server.keyring.kid, ...extra });
			expect(await server.signed.verify("access", `${header}.${good[1]}.${good[2]}`)).toBeNull();
		}
	});
});

describe("spelling", () => {
	test("a token has one form only", async () => {
		const token = await forge({}, {});
		const [header, payload, signature] = token.split(".") as [string, string, string];
		const flipped = `${signature.slice(0, -1)}${String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1)}`;
		for (const other of [
			`${token}=`,
			`${token}==`,
			`${token} `,
			` ${token}`,
			`${token}\n`,
			`${header}.${payload}.${signature.slice(0, 20)}\n${signature.slice(20)}`,
			`${header}.${payload}.${flipped}`,
			`${header}=.${payload}.${signature}`,
			`${header}.${payload}.${signature}.`,
			`${header}.${payload}.`,
			`${header}..${signature}`,
			`.${payload}.${signature}`,
			token.toLowerCase(),
			"",
			".",
			"..",
			"...",
		]) {
			expect(await server.signed.verify("access", other)).toBeNull();
		}
		expect(await server.signed.verify("access", token)).not.toBeNull();
	});

	test("every flipped character of the signature is noticed", async () => {
		const token = await forge({}, {});
		const start = token.lastIndexOf(".") + 1;
		for (let at = start; at < token.length; at++) {
			const other = token[at] === "A" ? "B" : "A";
			const changed = `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
			expect(await server.signed.verify("access", changed)).toBeNull();
		}
	});

	test("a megabyte is refused before it is parsed", async () => {
		expect(
			await server.signed.verify("access", await forge({}, { x: "y".repeat(9000) })),
		).toBeNull();
	});
});

test("time passes: a token counts until it expires, and the skew of clocks", async () => {
	const opened = openShared();
	const one = await openServer(opened.shared);
	const { token } = await one.signed.sign("access", "user:alice", 60_000, {});
	await opened.clock.advance(100_000);
	expect(await one.signed.verify("access", token)).not.toBeNull();
	await opened.clock.advance(30_000);
	expect(await one.signed.verify("access", token)).toBeNull();
});
