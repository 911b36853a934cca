/** A client of the TFE API for tests: Bob, who may do everything, and Carol, who may read outputs. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import type { BlobStore } from "../../../src/core/ports/blob-store.ts";
import type { Principal } from "../../../src/core/principal.ts";
import type { Decide } from "../../../src/core/rbac/grant.ts";
import { workspaceId } from "../../support/workspace-id.ts";
import { createTestApp, lineage, seed, type TestApp } from "../test-app.ts";
import { checkAnswer } from "./conformance.ts";

export const base = "/tfe/api/v2";
export const org = `${base}/organizations/default`;
export const prod = `${base}/workspaces/${workspaceId("app/prod")}`;

interface Resource {
	readonly id: string;
	readonly type: string;
	readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Answer {
	readonly status: number;
	readonly text: string;
	readonly one: Resource;
	readonly all: readonly Resource[];
	readonly detail: string;
	readonly pagination: Readonly<Record<string, number | null>>;
}

const bob: Principal = { id: "user:bob", credentialKind: "access-token", loginId: "bob-1" };
const carol: Principal = { id: "user:carol", credentialKind: "access-token", loginId: "carol-1" };
const principals = { "otc-bob": bob, "otc-carol": carol };

/** Carol may read outputs and nothing else. */
const decide: Decide = async (caller, action) =>
	caller.principal.id !== carol.id || action === "unit.read-outputs";

/** An application with the units of every test, unless they are in the given store already. */
export async function seeded(options: { readonly store?: BlobStore } = {}): Promise<TestApp> {
	const app = createTestApp({ decide, principals, ...options });
	if (options.store === undefined) await seed(app);
	return app;
}

export async function call(
	app: TestApp,
	method: string,
	path: string,
	body?: unknown,
	token?: string,
): Promise<Answer> {
	const response = await app.send(method, path, {
		headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
		...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
	});
	const text = await response.text();
	if (path.startsWith(base)) checkAnswer(response, text);
	const document = text.startsWith("{") ? JSON.parse(text) : {};
	return {
		status: response.status,
		text,
		one: document.data,
		all: document.data,
		detail: document.errors?.[0]?.detail ?? "",
		pagination: document.meta?.pagination,
	};
}

export function announcement(state: string, more: object = {}) {
	const md5 = createHash("md5").update(state).digest("hex");
	const { serial } = JSON.parse(state) as { serial: number };
	return { data: { type: "state-versions", attributes: { serial, md5, lineage, ...more } } };
}

export function pathOf(url: unknown): string {
	return new URL(String(url)).pathname;
}

export async function announce(app: TestApp, state: string, more: object = {}) {
	const { status, one } = await call(
		app,
		"POST",
		`${prod}/state-versions`,
		announcement(state, more),
	);
	expect(status).toBe(201);
	return {
		id: one.id,
		state: pathOf(one.attributes["hosted-state-upload-url"]),
		json: pathOf(one.attributes["hosted-json-state-upload-url"]),
		status: one.attributes.status,
	};
}

export async function put(app: TestApp, path: string, body: string): Promise<number> {
	return (await app.send("PUT", path, { body, as: "nobody" })).status;
}

export const lock = (app: TestApp, token?: string) =>
	call(app, "POST", `${prod}/actions/lock`, {}, token);
export const unlock = (app: TestApp, token?: string) =>
	call(app, "POST", `${prod}/actions/unlock`, undefined, token);
