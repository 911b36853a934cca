/** What an operation of `/v1` is: one entry routes it, documents it and handles it. */
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import type { Organization } from "../../../core/organization/organization.ts";
import type { Caller } from "../../../core/principal.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { parseJson, readBody } from "../../shared/body.ts";
import type { RequestContext } from "../../shared/request-context.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";

export interface PublicExchange {
	readonly request: Request;
	readonly context: RequestContext;
	readonly deps: SurfaceDeps;
}

export interface Exchange extends PublicExchange {
	/** The organization that the request is about; the core in `deps` is its core. */
	readonly organization: Organization;
	readonly caller: Caller;
}

export interface UnitExchange extends Exchange {
	readonly id: UnitId;
	/** The number in `/versions/:version`; 0 elsewhere. */
	readonly version: number;
	/** What stands behind the action word otherwise, as in `/variables/:variable`; else empty. */
	readonly item: string;
}

export interface QueryParameter {
	readonly name: string;
	readonly description: string;
	readonly schema: Readonly<Record<string, unknown>>;
}

export interface OperationDocs {
	readonly id: string;
	readonly method: "GET" | "POST" | "PATCH" | "DELETE";
	/** As Elysia writes it. */
	readonly path: string;
	readonly tag:
		| "Units"
		| "States"
		| "Locks"
		| "Versions"
		| "Graph"
		| "Variables"
		| "Projects"
		| "Teams"
		| "Roles"
		| "Audit"
		| "Login"
		| "Tokens"
		| "Organizations"
		| "Server";
	readonly summary: string;
	/** It belongs to no organization: there is no such address below `/v1/orgs/<name>`. */
	readonly isServerWide?: true;
	readonly query?: readonly QueryParameter[];
	/** Request headers worth telling of. */
	readonly headers?: readonly QueryParameter[];
	/** The JSON body, or `state` for a state's raw bytes. */
	readonly body?: { readonly schema: TSchema | "state"; readonly isOptional?: boolean };
	/** What success answers: a status with a schema, raw bytes, lines of JSON, or nothing. */
	readonly success: {
		readonly status: number;
		readonly schema: TSchema | "state" | "lines" | null;
	};
	/** Statuses of the failures that are particular to it. */
	readonly failures: readonly number[];
}

export interface CollectionExchange extends Exchange {
	/** What stands in the place of each `:name` of the path, decoded. */
	readonly params: Readonly<Record<string, string>>;
}

export interface CollectionOperation extends OperationDocs {
	readonly scope: "collection";
	handle(exchange: CollectionExchange): Promise<Response>;
}

/** What needs no credential, because it is on the way to one. */
export interface PublicOperation extends OperationDocs {
	readonly scope: "public";
	handle(exchange: PublicExchange): Promise<Response>;
}

export interface UnitOperation extends OperationDocs {
	readonly scope: "unit";
	handle(exchange: UnitExchange): Promise<Response>;
}

export type Operation = CollectionOperation | PublicOperation | UnitOperation;

/**
 * The JSON body, checked. Says which field is wrong and never what was in it.
 * Fails with `invalid_request` or `too_large`.
 */
export async function readJson<T extends TSchema>(
	request: Request,
	schema: T,
	options: { readonly isOptional: boolean; readonly bytesMax?: number } = { isOptional: false },
): Promise<Static<T>> {
	const { bytesMax = limits.jsonBodyBytesMax } = options;
	const value = parseJson(await readBody(request, bytesMax, "the body"));
	if (value === undefined && options.isOptional) return {} as Static<T>;
	if (Value.Check(schema, value)) return value;
	const first = Value.Errors(schema, value).First();
	const field = first?.path.split("/")[1] ?? "";
	// Names of fields come from the schema's own; the client's are not repeated.
	const isOurs = Object.hasOwn((schema as { properties?: object }).properties ?? {}, field);
	throw new DomainError(
		"invalid_request",
		isOurs
			? `the field \`${field}\` of the body is missing or not of its type`
			: "the body is not of the documented form",
		{ hint: "/swagger describes the bodies" },
	);
}

/** A parameter of the query that is `true` or `false`. */
export function readFlag(query: URLSearchParams, name: string): boolean {
	const text = query.get(name);
	if (text === null || text === "false" || text === "0") return false;
	if (text === "" || text === "true" || text === "1") return true;
	throw new DomainError("invalid_request", `the parameter \`${name}\` must be true or false`);
}

/** A parameter of the query that is a whole number from 1; undefined without it. */
export function readCount(query: URLSearchParams, name: string): number | undefined {
	const text = query.get(name);
	if (text === null || text === "") return undefined;
	const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : 0;
	if (value >= 1) return value;
	throw new DomainError(
		"invalid_request",
		`the parameter \`${name}\` must be a whole number from 1`,
	);
}
