/** The first things that clients ask for: whether this is the API, who one is, what the organization may. */
import { DomainError } from "../../../core/errors.ts";
import { organizationSettingsIn } from "../../../core/organization/settings.ts";
import { everything } from "../../../core/rbac/resource.ts";
import { list as listed, nothing, one, pageIn, type Resource, resourceIn } from "./document.ts";
import type { Exchange, Route } from "./exchange.ts";
import { resourceId } from "./ids.ts";

async function ping(): Promise<Response> {
	return nothing();
}

/** `operations: false` keeps every client from runs on the server, which do not exist. */
const entitlements = {
	agents: false,
	"audit-logging": true,
	"configuration-designer": false,
	"cost-estimation": false,
	"global-run-tasks": false,
	operations: false,
	"policy-enforcement": false,
	"private-module-registry": false,
	"run-tasks": false,
	sentinel: false,
	sso: true,
	"state-storage": true,
	teams: true,
	"vcs-integrations": false,
} as const;

async function entitlementSet({ organization: { name } }: Exchange): Promise<Response> {
	return one({
		id: `org-${name}`,
		type: "entitlement-sets",
		attributes: entitlements,
		links: { self: `/api/v2/entitlement-sets/org-${name}` },
	});
}

/** What is shown of an organization: the open one's whole, of another one as `within` opens it. */
export async function organizationView({
	caller,
	deps,
	organization,
}: Exchange): Promise<Resource> {
	const { name, isDefault } = organization;
	const { organizationSettings, parts } = deps.core;
	const [settings, mayUpdate, mayWrite, mayManage, { created }] = await Promise.all([
		organizationSettings.read(),
		organizationSettings.mayUpdate(caller),
		parts.gate.may(caller, "unit.configure", everything),
		deps.organizations.mayManage(caller),
		deps.organizations.get(caller, name),
	]);
	return {
		id: name,
		type: "organizations",
		attributes: {
			...settings,
			name,
			"external-id": `org-${name}`,
			...(created === null ? {} : { "created-at": created }),
			"is-unified": true,
			"saml-enabled": false,
			permissions: {
				"can-create-project": mayWrite,
				"can-create-team": await parts.gate.may(caller, "team.manage", everything),
				"can-create-workspace": mayWrite,
				"can-destroy": mayManage && !isDefault,
				"can-update": mayUpdate,
			},
		},
		relationships: {
			"default-project": {
				data: { id: resourceId(organization, "prj", "default"), type: "projects" },
			},
			"entitlement-set": {
				data: { id: `org-${name}`, type: "entitlement-sets" },
				links: { related: `/api/v2/organizations/${name}/entitlement-set` },
			},
		},
		links: { self: `/api/v2/organizations/${name}` },
	};
}

/** The exchange as it would be about the organization of this name. */
async function viewOf(exchange: Exchange, name: string): Promise<Resource> {
	const { deps, caller } = exchange;
	return await deps.organizations.use(caller, name, async ({ organization, core }) =>
		organizationView({ ...exchange, organization, deps: { ...deps, core } }),
	);
}

async function show(exchange: Exchange): Promise<Response> {
	return one(await organizationView(exchange));
}

async function list(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const { query } = context;
	const part = (query.get("q[name]") ?? query.get("q") ?? "").toLowerCase();
	const page = pageIn(query);
	// The number of all of them is part of the answer.
	const { organizations: seen } = await deps.organizations.list(caller, {
		wants: (name) => name.toLowerCase().includes(part),
	});
	const first = (page.number - 1) * page.size;
	const shown = seen.slice(first, first + page.size);
	const views = shown.map(({ organization }) => viewOf(exchange, organization.name));
	return listed(await Promise.all(views), page, seen.length);
}

async function create(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const { attributes } = await resourceIn(exchange.request, "organizations");
	const { name } = attributes;
	if (typeof name !== "string") {
		throw new DomainError("invalid_request", "an organization needs a name");
	}
	const settings = organizationSettingsIn(attributes);
	await deps.organizations.create(caller, { name, settings });
	return one(await viewOf(exchange, name), 201);
}

async function update(exchange: Exchange): Promise<Response> {
	const { caller, deps, organization } = exchange;
	const { attributes } = await resourceIn(exchange.request, "organizations");
	if (attributes.name !== undefined && attributes.name !== organization.name) {
		throw new DomainError("invalid_request", "an organization keeps its name");
	}
	await deps.core.organizationSettings.update(caller, organizationSettingsIn(attributes));
	return one(await organizationView(exchange));
}

async function remove({ caller, deps, organization }: Exchange): Promise<Response> {
	await deps.organizations.delete(caller, organization.name);
	return nothing();
}

const named = "/organizations/:organization";

export const organizationRoutes: readonly Route[] = [
	{ method: "GET", path: "/ping", operation: "ping", handle: ping },
	{ method: "GET", path: "/organizations", operation: "listOrganizations", handle: list },
	{ method: "POST", path: "/organizations", operation: "createOrganization", handle: create },
	{ method: "GET", path: named, operation: "showOrganization", handle: show },
	...(["PATCH", "PUT"] as const).map(
		(method): Route => ({ method, path: named, operation: "updateOrganization", handle: update }),
	),
	{ method: "DELETE", path: named, operation: "deleteOrganization", handle: remove },
	{
		method: "GET",
		path: "/organizations/:organization/entitlement-set",
		operation: "showEntitlementSet",
		handle: entitlementSet,
	},
];
