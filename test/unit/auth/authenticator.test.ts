import { describe, expect, test } from "bun:test";
import type { Credential } from "../../../src/auth/authenticator.ts";
import { ownGrant } from "../../../src/auth/shared-state.ts";
import type { Surface } from "../../../src/core/principal.ts";
import { adminToken, openServer, openShared } from "./identities.ts";

const { shared } = openShared();
const server = await openServer(shared);
const identity = { subject: "user:alice", email: null, groups: [] };
const pair = await server.logins.begin(identity, "local");
const { token: code } = await server.signed.sign("code", "user:alice", 60_000, {});
const grant = await ownGrant({
	principal: { id: "user:alice", credentialKind: "access-token", loginId: "l" },
	surface: "management",
	requestId: "r",
});
const none = {
	roles: null,
	units: null,
	lifeMs: null,
	organization: null,
	name: "n",
	subject: "user:alice",
};
const tfe = await server.tokens.issue(grant, { ...none, kind: "tfe" });
const svc = await server.tokens.issue(grant, { ...none, kind: "svc", subject: "service:x" });

/** Everything that somebody might send, and whether it is a credential at all. */
const tokens: Readonly<Record<string, { readonly text: string; readonly isGood: boolean }>> = {
	"admin token": { text: adminToken, isGood: true },
	"access token": { text: pair.accessToken, isGood: true },
	"token of terraform login": { text: tfe.token, isGood: true },
	"service token": { text: svc.token, isGood: true },
	"refresh token": { text: pair.refreshToken ?? "", isGood: false },
	"authorization code": { text: code, isGood: false },
	nonsense: { text: "nonsense", isGood: false },
	"a JWT of somebody else": { text: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", isGood: false },
	"an unknown API token": { text: `otc_tfe_${"0".repeat(20)}_${"0".repeat(64)}`, isGood: false },
	empty: { text: "", isGood: false },
};

const taken: Readonly<Record<Surface, readonly Credential["kind"][]>> = {
	management: ["bearer"],
	tfe: ["bearer"],
	"http-backend": ["bearer", "basic"],
	s3: [],
	system: [],
	outside: [],
};

describe("credentials and surfaces", () => {
	for (const [surface, kinds] of Object.entries(taken) as [Surface, Credential["kind"][]][]) {
		for (const [name, { text, isGood }] of Object.entries(tokens)) {
			for (const kind of ["bearer", "basic"] as const) {
				const isAdminPassword =
					name === "admin token" && kind === "basic" && surface === "management";
				const isTaken = isAdminPassword || (isGood && kinds.includes(kind));
				test(`${name} as ${kind} on ${surface}: ${isTaken ? "taken" : "refused"}`, async () => {
					const asking = server.authenticator.authenticate({ kind, token: text }, surface);
					if (isTaken) expect((await asking).id).not.toBe("");
					else await expect(asking).rejects.toMatchObject({ code: "unauthenticated" });
				});
			}
		}
		test(`nothing, and something else, on ${surface}`, async () => {
			for (const kind of ["none", "other"] as const) {
				const asking = server.authenticator.authenticate({ kind }, surface);
				await expect(asking).rejects.toMatchObject({ code: "unauthenticated" });
			}
		});
	}

	test("every kind of token is refused where another is wanted", async () => {
		for (const [name, { text }] of Object.entries(tokens)) {
			if (name !== "refresh token") await expect(server.logins.refresh(text)).rejects.toThrow();
			expect((await server.tokens.verify(text)) !== null).toBe(/terraform|service/.test(name));
			expect((await server.logins.verify(text)) !== null).toBe(name === "access token");
			expect((await server.signed.verify("code", text)) !== null).toBe(
				name === "authorization code",
			);
		}
	});
});
