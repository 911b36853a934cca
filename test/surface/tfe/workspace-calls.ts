/** Workspaces and projects, as tests make and change them. */
import type { TestApp } from "../test-app.ts";
import { call, org, prod } from "./client.ts";

export const change = (app: TestApp, attributes: object, relationships: object = {}) =>
	call(app, "PATCH", prod, { data: { type: "workspaces", attributes, relationships } });

export const create = (
	app: TestApp,
	name: string,
	attributes: object = {},
	relationships: object = {},
) =>
	call(app, "POST", `${org}/workspaces`, {
		data: { type: "workspaces", attributes: { name, ...attributes }, relationships },
	});

export const project = (
	app: TestApp,
	name: string,
	more: object = {},
	relationships: object = {},
) =>
	call(app, "POST", `${org}/projects`, {
		data: { type: "projects", attributes: { name, ...more }, relationships },
	});

export const inProject = (id: string) => ({ project: { data: { id, type: "projects" } } });

export const bound = (pairs: Readonly<Record<string, string>>) => ({
	data: Object.entries(pairs).map(([key, value]) => ({
		type: "tag-bindings",
		attributes: { key, value },
	})),
});

export const namesOf = async (app: TestApp, query: string) =>
	(await call(app, "GET", `${org}/workspaces?${query}`)).all.map(
		({ attributes }) => attributes.name,
	);
