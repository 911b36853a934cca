/** One application with people and units, and what tests of teams do with it. */
import { afterEach, beforeEach, expect } from "bun:test";
import type { Principal } from "../../../src/core/principal.ts";
import { workspaceId } from "../../support/workspace-id.ts";
import { createTestApp, lockInfo, stateText, type TestApp } from "../test-app.ts";
import { checkAnswer } from "./conformance.ts";

export const base = "/tfe/api/v2";
export const org = `${base}/organizations/default`;

const principals: Record<string, Principal> = Object.fromEntries(
	["ann", "bob", "cat"].map((name) => [
		name,
		{
			...{ id: `oidc:${name}`, credentialKind: "access-token", loginId: `l-${name}` },
			email: `${name}@example.com`,
			groups: name === "cat" ? ["idp-platform"] : [],
		},
	]),
);

export let app: TestApp;

/** A fresh one before each test of the file. */
export function useTeamsApp(): void {
	beforeEach(async () => {
		app = createTestApp({ decide: "roles", principals });
		for (const id of ["shop/a", "shop/b"]) {
			await app.send("POST", "/v1/units", { body: JSON.stringify({ id }) });
			const path = `/v1/units/${id.replace("/", "__")}/upload`;
			await app.send("POST", path, { body: stateText(1) });
		}
	});
	afterEach(() => app[Symbol.asyncDispose]());
}

export async function call(
	who: string | null,
	method: string,
	path: string,
	body?: object | string,
) {
	const response = await app.send(method, path, {
		headers: who === null ? {} : { authorization: `Bearer ${who}` },
		...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
	});
	const text = await response.text();
	if (path.startsWith(base)) checkAnswer(response, text);
	const json = text.startsWith("{") ? JSON.parse(text) : null;
	return { status: response.status, text, data: json?.data, json };
}

export async function made(path: string, body: object, who: string | null = null) {
	const { status, data, text } = await call(who, "POST", path, body);
	if (status !== 201) throw new Error(`${path}: ${status} ${text}`);
	return data;
}

export const teamBody = (name: string, attributes: object = {}) => ({
	data: { type: "teams", attributes: { name, ...attributes } },
});
export const related = (type: string, id: string) => ({ data: { type, id } });

export async function team(name: string, members: readonly string[] = [], attributes: object = {}) {
	const { id } = await made(`${org}/teams`, teamBody(name, attributes));
	if (members.length > 0) {
		const path = `${base}/teams/${id}/relationships/users`;
		const data = members.map((member) => ({ type: "users", id: member }));
		expect((await call(null, "POST", path, { data })).status).toBe(204);
	}
	return id as string;
}

export const onWorkspace = (
	id: string,
	access: string,
	workspace = workspaceId("shop/a"),
	more: object = {},
) => ({
	data: {
		type: "team-workspaces",
		attributes: { access, ...more },
		relationships: { team: related("teams", id), workspace: related("workspaces", workspace) },
	},
});

/** Locks, writes and unlocks over HTTP; writes over S3; locks over TFE: the statuses in this order. */
export async function work(who: string, unit: string): Promise<number[]> {
	const path = `/v1/backend/${unit}`;
	const ws = `${base}/workspaces/${workspaceId(unit)}`;
	const steps: [string, string, (object | string)?][] = [
		["GET", path],
		["LOCK", path, lockInfo],
		["POST", `${path}?ID=${lockInfo.ID}`, stateText(2)],
		["UNLOCK", path, lockInfo],
		["GET", `${ws}/current-state-version`],
		["POST", `${ws}/actions/lock`, {}],
		["POST", `${ws}/actions/unlock`],
		["GET", `/v1/units/${unit.replace("/", "__")}/variables`],
	];
	const statuses: number[] = [];
	for (const [method, at, body] of steps) statuses.push((await call(who, method, at, body)).status);
	return statuses;
}
