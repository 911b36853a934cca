/**
 * The TFE v2 API at `/tfe/api/v2` and `/api/v2`: what `cloud` blocks and API clients of HCP
 * Terraform speak. One table of routes; what is not in it is a 404 in the same form as every other
 * failure.
 */
import { Elysia } from "elysia";
import { DomainError } from "../../../core/errors.ts";
import { callerOf, contextOf, type RequestContext } from "../../shared/request-context.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";
import { consumerRoutes } from "./consumers.ts";
import { presentTfeError } from "./errors.ts";
import { basePath, otherBasePath, type Route } from "./exchange.ts";
import { lockRoutes } from "./locks.ts";
import { membershipRoutes } from "./memberships.ts";
import { organizationRoutes } from "./organizations.ts";
import { outputRoutes } from "./outputs.ts";
import { projectRoutes } from "./projects.ts";
import { resourceRoutes } from "./resources.ts";
import { runRoutes } from "./runs.ts";
import { organizationOf, paramsIn } from "./scope.ts";
import { stateVersionRoutes } from "./state-versions.ts";
import { tagRoutes } from "./tags.ts";
import { teamAccessRoutes } from "./team-access.ts";
import { teamRoutes } from "./teams.ts";
import { tokenRoutes } from "./tokens.ts";
import { takeUpload, uploadPath } from "./uploads.ts";
import { userRoutes } from "./users.ts";
import { variableSetRoutes } from "./variable-sets.ts";
import { variableRoutes } from "./variables.ts";
import { workspaceRoutes } from "./workspaces.ts";

/** For Terraform's service discovery. */
export const tfeServices = {
	"tfe.v2": `${basePath}/`,
	"tfe.v2.1": `${basePath}/`,
	"tfe.v2.2": `${basePath}/`,
	"state.v2": `${basePath}/`,
} as const;

/** Every route of the surface. */
export const tfeRoutes: readonly Route[] = [
	...organizationRoutes,
	...projectRoutes,
	...workspaceRoutes,
	...consumerRoutes,
	...tagRoutes,
	...lockRoutes,
	...stateVersionRoutes,
	...outputRoutes,
	...resourceRoutes,
	...runRoutes,
	...userRoutes,
	...membershipRoutes,
	...teamRoutes,
	...teamAccessRoutes,
	...tokenRoutes,
	...variableRoutes,
	...variableSetRoutes,
];

/** By method and number of segments, so that few are looked at. */
const routesBySize = Map.groupBy(
	tfeRoutes.map((route) => ({ route, segments: route.path.split("/").slice(1) })),
	({ route, segments }) => `${route.method} ${segments.length}`,
);

/** Whether the path belongs to this surface. */
export function isTfePath(path: string): boolean {
	return path.startsWith(`${basePath}/`) || path.startsWith(`${otherBasePath}/`);
}

/** Whether the path carries its own credential. */
export function isUploadPath(path: string): boolean {
	return path.startsWith(uploadPath);
}

interface Match {
	readonly route: Route;
	readonly params: Readonly<Record<string, string>>;
}

function decoded(segment: string): string {
	try {
		return decodeURIComponent(segment);
	} catch {
		throw new DomainError("invalid_request", "the address is not correctly percent-encoded");
	}
}

function matchRoute(method: string, path: string): Match {
	const base = path.startsWith(`${basePath}/`) ? basePath : otherBasePath;
	const segments = path.slice(base.length + 1).split("/");
	const sameSize = routesBySize.get(`${method === "HEAD" ? "GET" : method} ${segments.length}`);
	for (const { route, segments: pattern } of sameSize ?? []) {
		const params: Record<string, string> = {};
		const fits = pattern.every((part, at) => {
			const segment = segments[at] ?? "";
			if (!part.startsWith(":")) return part === segment;
			params[part.slice(1)] = decoded(segment);
			return segment !== "";
		});
		if (fits) return { route, params };
	}
	throw new DomainError("route_not_found", "there is no such address", {
		hint: "the documentation of the cloud backend lists what this server has of the API",
	});
}

async function dispatch(
	request: Request,
	context: RequestContext,
	deps: SurfaceDeps,
): Promise<Response> {
	if (isUploadPath(context.path)) return await takeUpload(request, context, deps);
	const { route, params: given } = matchRoute(request.method, context.path);
	context.operation = route.operation;
	const caller = callerOf(context, "tfe");
	const { organizations } = deps;
	const name = await organizationOf(given, context.query, caller, organizations);
	return await organizations.use(caller, name, async ({ organization, core }) => {
		context.organization = organization.name;
		const params = paramsIn(organization, given);
		const { workspace } = params;
		const unit = workspace === undefined ? null : await core.workspaceIds.unitOf(workspace);
		const scoped = { ...deps, core };
		return await route.handle({
			...{ request, context, caller, organization, params, unit, deps: scoped },
		});
	});
}

/** The surface. */
export function tfeSurface(deps: SurfaceDeps) {
	const handle = async ({ request }: { request: Request }): Promise<Response> => {
		const context = contextOf(request);
		context.surface = "tfe";
		try {
			return await dispatch(request, context, deps);
		} catch (error) {
			return presentTfeError(error, request, context, deps.log);
		}
	};
	const hidden = { parse: "none", detail: { hide: true } } as const;
	return new Elysia({ name: "tfe" })
		.all(`${basePath}/*`, handle, hidden)
		.all(`${otherBasePath}/*`, handle, hidden);
}
