/**
 * Holds documents of the TFE API against a table of our own: for every type of resource which
 * attributes the vendor's API and its client know, of which JSON types, and what must be there. A
 * client that decodes strictly fails on a whole document for one attribute of another type.
 */
import { expect } from "bun:test";
import attributes from "../../fixtures/tfe-attributes.json";
import operations from "../../fixtures/tfe-operations.json";

interface ResourceForm {
	/** Types with `|` between them; `date` is a text in the form that clients parse. */
	readonly attributes: Readonly<Record<string, string>>;
	/** `one` and `many` may have data; `links` has links alone. */
	readonly relationships: Readonly<Record<string, string>>;
	/** Objects of flags, and which flags they may have. */
	readonly members?: Readonly<Record<string, readonly string[]>>;
	/** Without these a client fails, or shows nothing. */
	readonly required?: readonly string[];
	readonly requiredRelationships?: readonly string[];
}

export const resourceForms: Readonly<Record<string, ResourceForm>> = attributes;

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
	const isFields = typeof value === "object" && value !== null && !Array.isArray(value);
	return isFields ? (value as Fields) : {};
}

function typesOf(value: unknown): readonly string[] {
	if (value === null) return ["null"];
	if (Array.isArray(value)) return ["array"];
	if (typeof value === "string") {
		return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? ["string", "date"] : ["string"];
	}
	return Number.isInteger(value) ? ["integer", "number"] : [typeof value];
}

function* attributeFaults(form: ResourceForm, given: Fields): Generator<string> {
	for (const [name, value] of Object.entries(given)) {
		const allowed = form.attributes[name]?.split("|");
		if (allowed === undefined) yield `${name} is not known`;
		else if (!allowed.includes("any") && !typesOf(value).some((type) => allowed.includes(type))) {
			yield `${name} is ${typesOf(value)[0]}, not ${allowed.join(" or ")}`;
		}
		const members = form.members?.[name];
		if (members === undefined) continue;
		for (const [member, flag] of Object.entries(fieldsOf(value))) {
			if (!members.includes(member)) yield `${name}.${member} is not known`;
			if (typeof flag !== "boolean") yield `${name}.${member} is no boolean`;
		}
	}
	for (const name of form.required ?? []) {
		if (!(name in given)) yield `${name} is missing`;
	}
}

function isIdentifier(value: unknown): boolean {
	const { id, type } = fieldsOf(value);
	return typeof id === "string" && id !== "" && typeof type === "string" && type !== "";
}

function* relationshipFaults(form: ResourceForm, given: Fields): Generator<string> {
	for (const [name, value] of Object.entries(given)) {
		const kind = form.relationships[name];
		const { data } = fieldsOf(value);
		if (kind === undefined) yield `the relationship ${name} is not known`;
		else if (data === undefined) continue;
		else if (kind === "many") {
			if (!Array.isArray(data) || !data.every(isIdentifier)) yield `${name} is no list of ids`;
		} else if (data !== null && !isIdentifier(data)) yield `${name} is no id`;
	}
	for (const name of form.requiredRelationships ?? []) {
		if (!(name in given)) yield `the relationship ${name} is missing`;
	}
}

/** What is wrong with a resource; nothing when it is as clients expect it. */
export function resourceFaults(value: unknown): string[] {
	const { id, type, attributes: given, relationships } = fieldsOf(value);
	if (!isIdentifier(value)) return ["a resource has no id or no type"];
	const faults = /^[A-Za-z0-9._-]+$/.test(String(id)) ? [] : [`the id ${id} has odd characters`];
	const form = Object.hasOwn(resourceForms, String(type)) ? resourceForms[String(type)] : undefined;
	if (form === undefined) return [...faults, "the type is not known"];
	if (given === undefined) return faults;
	return [
		...faults,
		...attributeFaults(form, fieldsOf(given)),
		...relationshipFaults(form, fieldsOf(relationships)),
	].map((fault) => `${type}: ${fault}`);
}

function documentFaults(document: Fields): string[] {
	const { data, included = [], meta } = document;
	const resources = [...(Array.isArray(data) ? data : [data]), ...(included as unknown[])];
	const faults = resources.flatMap(resourceFaults);
	if (!Array.isArray(data)) return faults;
	const pagination = fieldsOf(fieldsOf(meta).pagination);
	for (const name of ["current-page", "page-size", "total-pages", "total-count"]) {
		if (!Number.isInteger(pagination[name])) faults.push(`pagination: ${name} is missing`);
	}
	return faults;
}

function errorFaults(document: Fields, status: number): string[] {
	const errors = document.errors;
	if (!Array.isArray(errors) || errors.length === 0) return ["there are no errors"];
	return errors.flatMap((error) => {
		const { status: said, title, detail } = fieldsOf(error);
		if (said !== String(status)) return ["the error has another status"];
		return typeof title === "string" && typeof detail === "string"
			? []
			: ["the error says nothing"];
	});
}

/** Asserts that an answer of the TFE API, its text read already, has the form that clients expect. */
export function checkAnswer(response: Response, text: string): void {
	const isOurs = response.headers.get("content-type") === "application/vnd.api+json";
	if (text === "" || (!isOurs && response.status < 400)) return;
	expect(response.headers.get("content-type")).toBe("application/vnd.api+json");
	const document = fieldsOf(JSON.parse(text));
	const faults =
		response.status >= 400 ? errorFaults(document, response.status) : documentFaults(document);
	expect(faults).toEqual([]);
}

/** `GET /workspaces/:` and the like: the method, and the path without the names of its parameters. */
export function operationKey(method: string, path: string): string {
	return `${method} ${path.replace(/:[A-Za-z_]+/g, ":")}`;
}

function keysOf(table: Readonly<Record<string, string>>): ReadonlySet<string> {
	return new Set(
		Object.entries(table).flatMap(([path, methods]) =>
			methods.split(" ").map((method) => `${method} ${path}`),
		),
	);
}

/** The operations of the vendor's document, and those that only its clients show. */
export const vendorOperations = keysOf(operations.document);
export const clientOperations = keysOf(operations.clients);
