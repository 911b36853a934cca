/** Two organizations with units of the same names, and people who are somebody in one of them. */
import { expect } from "bun:test";
import type { S3CredentialsView } from "../../../src/api/s3-credentials.ts";
import type { Principal } from "../../../src/core/principal.ts";
import { type Sent, signer } from "../../unit/auth/sts/signing.ts";
import { createTestApp, stateText, type TestApp, type TestAppOptions } from "../test-app.ts";

/** Alice administers acme, Bob beta, Root everything; nobody else has a role anywhere. */
const people = ["root", "alice", "bob", "stranger"] as const;

/** Alice's, each narrowed in one organization. */
const narrowed = (organization: string | null): Principal => ({
	...{ id: "user:alice", email: "alice@example.com", loginId: "narrowed" },
	credentialKind: "api-token",
	organization,
	scope: { units: ["app/*"], roles: null },
});

const principals: Readonly<Record<string, Principal>> = {
	"alice-in-acme": narrowed("acme"),
	"alice-in-beta": narrowed("beta"),
	"alice-in-default": narrowed(null),
};

export const places = ["default", "acme", "beta"] as const;
export type Place = (typeof places)[number];

/** What stands in the state of `app/prod` there, and nowhere else. */
export const secretOf = (place: Place) => `in-${place}`;

export interface Told {
	readonly status: number;
	readonly text: string;
}

export interface Estate extends AsyncDisposable {
	readonly app: TestApp;
	as(who: string, method: string, path: string, body?: string | object): Promise<Told>;
	/** Over S3, with credentials that `who` was issued. */
	s3(who: string, method: string, path: string, body?: string): Promise<Told>;
}

/** Below `/v1` of the organization. */
export function root(place: string): string {
	return place === "default" ? "/v1" : `/v1/orgs/${place}`;
}

export async function openEstate(options: TestAppOptions = {}): Promise<Estate> {
	const app = createTestApp({
		...options,
		decide: "roles",
		principals,
		admins: ["root@example.com"],
	});
	const { logins } = await app.identities;
	const tokens: Record<string, string> = {};
	for (const name of people) {
		const identity = { subject: `user:${name}`, email: `${name}@example.com`, groups: [] };
		tokens[name] = (await logins.begin(identity, "local")).accessToken;
	}
	const as: Estate["as"] = async (who, method, path, body) => {
		const response = await app.send(method, path, {
			headers: { authorization: `Bearer ${tokens[who] ?? who}` },
			...(body === undefined
				? {}
				: { body: typeof body === "string" ? body : JSON.stringify(body) }),
		});
		return { status: response.status, text: await response.text() };
	};
	const s3: Estate["s3"] = async (who, method, path, body) => {
		const issued = await as(who, "POST", "/v1/auth/issue-s3-creds");
		const view = JSON.parse(issued.text) as S3CredentialsView;
		const [pathname = "", search = ""] = path.split("?");
		const sent = (await signer({
			accessKeyId: view.AccessKeyId,
			secretAccessKey: view.SecretAccessKey,
			sessionToken: view.SessionToken,
			expiresAt: Date.parse(view.Expiration),
		}).sign({
			...{ protocol: "http:", hostname: "taco.test", method, path: pathname },
			query: Object.fromEntries(new URLSearchParams(search)),
			headers: { host: "taco.test" },
			...(body === undefined ? {} : { body }),
		} as never)) as unknown as Sent;
		const response = await app.app.fetch(
			new Request(`http://taco.test${path}`, {
				method,
				headers: sent.headers,
				...(body === undefined ? {} : { body }),
			}),
		);
		return { status: response.status, text: await response.text() };
	};
	for (const [name, admin] of [
		["acme", "alice@example.com"],
		["beta", "bob@example.com"],
	]) {
		expect((await as("root", "POST", "/v1/orgs", { name, admin })).status).toBe(201);
	}
	expect((await as("root", "POST", "/v1/rbac/init")).status).toBe(200);
	for (const place of places) {
		const backend = `${root(place)}/backend/app/prod`;
		const state = stateText(1, secretOf(place), `lineage-of-${place}`);
		expect((await as("root", "POST", backend, state)).status).toBe(200);
	}
	return {
		app,
		as,
		s3,
		[Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
	};
}
