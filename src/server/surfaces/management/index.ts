/**
 * `/v1`: units, their states, versions and locks. One table of operations is routed, documented and
 * dispatched. Ids are read from the path as it was received, never from decoded parameters, so that
 * `__`, `%2F` and raw slashes mean the same here as on every other surface.
 */
import { Elysia } from "elysia";
import { DomainError } from "../../../core/errors.ts";
import { parseUnitActionPath, type UnitActionPath } from "../../../core/unit/unit-id.ts";
import {
	type OrganizationPath,
	organizationsRoot,
	splitOrganizationPath,
} from "../../shared/organization-path.ts";
import { presentError } from "../../shared/present-error.ts";
import { callerOf, contextOf, type RequestContext } from "../../shared/request-context.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";
import { auditOperations } from "./audit.ts";
import { graphOperations } from "./graph.ts";
import { localUserOperations } from "./local-users.ts";
import { lockOperations } from "./locks.ts";
import { loginOperations } from "./login.ts";
import { operationDetail } from "./openapi.ts";
import type { Exchange, Operation, UnitOperation } from "./operation.ts";
import { organizationOperations } from "./organizations.ts";
import { outputOperations } from "./outputs.ts";

import { projectOperations } from "./projects.ts";
import { rbacOperations } from "./rbac.ts";
import { roleOperations } from "./roles.ts";
import { s3CredentialOperations } from "./s3-credentials.ts";
import { stateOperations } from "./states.ts";
import { teamAccessOperations } from "./team-access.ts";
import { teamOperations } from "./teams.ts";
import { tokenOperations } from "./tokens.ts";
import { unitSettingsOperations } from "./unit-settings.ts";
import { unitOperations } from "./units.ts";
import { variableSetOperations } from "./variable-sets.ts";
import { variableOperations } from "./variables.ts";

export const operations: readonly Operation[] = [
	...unitOperations,
	...unitSettingsOperations,
	...stateOperations,
	...outputOperations,
	...lockOperations,
	...graphOperations,
	...variableOperations,
	...variableSetOperations,
	...projectOperations,
	...teamOperations,
	...teamAccessOperations,
	...rbacOperations,
	...roleOperations,
	...auditOperations,
	...loginOperations,
	...tokenOperations,
	...localUserOperations,
	...s3CredentialOperations,
	...organizationOperations,
];

/** The paths of what needs no credential. */
export const publicOperationPaths: readonly string[] = operations.flatMap((operation) =>
	operation.scope === "public" ? [operation.path] : [],
);

const unitsRoot = "/v1/units/";
const unitRoute = "/v1/units/:id";

/** What follows the id in an operation's path: `["versions", ":version", "download"]`. */
function tailOf(operation: Operation): string[] {
	return operation.path
		.slice(unitRoute.length)
		.split("/")
		.filter((segment) => segment !== "");
}

const unitRoutes = operations
	.filter((operation) => operation.scope === "unit")
	.map((operation) => ({ operation, tail: tailOf(operation) }));

const actionWords: ReadonlySet<string> = new Set(
	unitRoutes.flatMap(({ tail }) => tail.filter((segment) => !segment.startsWith(":"))),
);

function matchesTail(tail: readonly string[], path: UnitActionPath): boolean {
	const given = path.action === null ? [] : [path.action, ...path.rest];
	return (
		tail.length === given.length &&
		tail.every((segment, index) => segment.startsWith(":") || segment === given[index])
	);
}

function methodOf(request: Request): string {
	return request.method === "HEAD" ? "GET" : request.method;
}

function methodNotAllowed(allowed: readonly string[]): DomainError {
	const methods = [...new Set(allowed)].join(", ");
	return new DomainError("method_not_allowed", `this address takes ${methods}`, {
		hint: "a unit whose last segment is a word such as `lock` is written with `__` or `%2F` before it",
	});
}

function findUnitOperation(request: Request, path: UnitActionPath): UnitOperation {
	const candidates = unitRoutes.filter(({ tail }) => matchesTail(tail, path));
	if (candidates.length === 0) {
		throw new DomainError("route_not_found", "there is no such address", {
			hint: "/swagger lists the addresses",
		});
	}
	const found = candidates.find(({ operation }) => operation.method === methodOf(request));
	if (found === undefined) {
		throw methodNotAllowed(candidates.map(({ operation }) => operation.method));
	}
	return found.operation;
}

function versionIn(path: UnitActionPath): number {
	const digits = path.rest[0];
	if (path.action !== "versions" || digits === undefined) return 0;
	const version = digits.length > 10 ? 0 : Number(digits);
	if (version >= 1) return version;
	throw new DomainError("version_not_found", "there is no such version");
}

/** Hands over the organization that the address names, with `deps` of its own. */
async function within(
	context: RequestContext,
	deps: SurfaceDeps,
	name: string | null,
	act: (scoped: Scoped) => Promise<Response>,
): Promise<Response> {
	const { organizations } = deps;
	const caller = callerOf(context, "management");
	const given = name ?? organizations.root.organization.name;
	return await organizations.use(caller, given, async ({ organization, core }) => {
		context.organization = organization.name;
		return await act({ context, caller, organization, deps: { ...deps, core } });
	});
}

type Scoped = Pick<Exchange, "context" | "caller" | "organization" | "deps">;

async function dispatchUnit(
	request: Request,
	context: RequestContext,
	deps: SurfaceDeps,
	given: OrganizationPath,
): Promise<Response> {
	const path = parseUnitActionPath(given.path.slice(unitsRoot.length), actionWords);
	context.unitId = path.id;
	const operation = findUnitOperation(request, path);
	context.operation = operation.id;
	const version = versionIn(path);
	const item = path.rest[0] ?? "";
	return await within(context, deps, given.organization, (scoped) =>
		operation.handle({ request, ...scoped, id: path.id, version, item }),
	);
}

const collectionRoutes = operations.flatMap((operation) =>
	operation.scope === "unit" ? [] : [{ operation, segments: operation.path.split("/") }],
);

/** What stands in the places of the route's `:names`; null when the path is another one. */
function paramsOf(
	segments: readonly string[],
	path: readonly string[],
): Readonly<Record<string, string>> | null {
	if (segments.length !== path.length) return null;
	const params: Record<string, string> = {};
	for (const [index, segment] of segments.entries()) {
		const given = path[index] ?? "";
		if (!segment.startsWith(":")) {
			if (segment !== given) return null;
			continue;
		}
		try {
			params[segment.slice(1)] = decodeURIComponent(given);
		} catch {
			return null;
		}
	}
	return params;
}

async function dispatchCollection(
	request: Request,
	context: RequestContext,
	deps: SurfaceDeps,
	given: OrganizationPath,
): Promise<Response> {
	const path = given.path.split("/");
	const candidates = collectionRoutes.flatMap(({ operation, segments }) => {
		const params = paramsOf(segments, path);
		return params === null ? [] : [{ operation, params }];
	});
	const found = candidates.find(({ operation }) => operation.method === methodOf(request));
	if (found === undefined) {
		if (candidates.length === 0) {
			throw new DomainError("route_not_found", "there is no such address", {
				hint: "/swagger lists the addresses",
			});
		}
		throw methodNotAllowed(candidates.map(({ operation }) => operation.method));
	}
	const { operation, params } = found;
	context.operation = operation.id;
	if (given.organization !== null && isServerWide(operation)) throw ofTheServer(operation);
	if (operation.scope === "public") return await operation.handle({ request, context, deps });
	return await within(context, deps, given.organization, (scoped) =>
		operation.handle({ request, ...scoped, params }),
	);
}

function isServerWide(operation: Operation): boolean {
	return operation.scope === "public" || operation.isServerWide === true;
}

function ofTheServer({ path }: Operation): DomainError {
	return new DomainError("route_not_found", "this belongs to the server, not to an organization", {
		hint: `its address is ${path}`,
	});
}

type Handle = (input: { request: Request }) => Promise<Response>;

/** The routes, each with its documentation, all led to one handler. */
export function managementRoutes(handle: Handle) {
	const app = new Elysia({ name: "management" });
	for (const operation of operations) {
		app.route(operation.method, operation.path, handle, {
			parse: "none",
			detail: operationDetail(operation),
		});
	}
	const hidden = { parse: "none", detail: { hide: true } } as const;
	const collections = new Set(collectionRoutes.map(({ operation }) => operation.path));
	const all = [...collections, `${unitsRoot}*`, `${organizationsRoot}/*`];
	for (const path of all) app.all(path, handle, hidden);
	return app;
}

/** The surface. */
export function managementSurface(deps: SurfaceDeps) {
	return managementRoutes(async ({ request }) => {
		const context = contextOf(request);
		context.surface = "management";
		try {
			const given = splitOrganizationPath(context.path);
			return given.path.startsWith(unitsRoot)
				? await dispatchUnit(request, context, deps, given)
				: await dispatchCollection(request, context, deps, given);
		} catch (error) {
			return presentError(error, context, deps.log);
		}
	});
}
