/** The first things that clients ask for: whether this is the API, who one is, what the organization may. */
import { everything } from "../../../core/rbac/resource.ts";
import { nothing, one, paged, type Resource } from "./document.ts";
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

export async function organizationView({
	caller,
	deps,
	organization,
}: Exchange): Promise<Resource> {
	const { name } = organization;
	const { gate } = deps.core.parts;
	const mayWrite = await gate.may(caller, "unit.configure", everything);
	return {
		id: name,
		type: "organizations",
		attributes: {
			name,
			"external-id": `org-${name}`,
			"collaborator-auth-policy": "password",
			"cost-estimation-enabled": false,
			"default-execution-mode": "local",
			email: "",
			"is-unified": true,
			"saml-enabled": false,
			permissions: {
				"can-create-project": mayWrite,
				"can-create-team": await gate.may(caller, "team.manage", everything),
				"can-create-workspace": mayWrite,
				"can-destroy": false,
				"can-update": false,
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

async function show(exchange: Exchange): Promise<Response> {
	return one(await organizationView(exchange));
}

async function list(exchange: Exchange): Promise<Response> {
	return paged([await organizationView(exchange)], exchange.context.query);
}

export const organizationRoutes: readonly Route[] = [
	{ method: "GET", path: "/ping", operation: "ping", handle: ping },
	{ method: "GET", path: "/organizations", operation: "listOrganizations", handle: list },
	{
		method: "GET",
		path: "/organizations/:organization",
		operation: "showOrganization",
		handle: show,
	},
	{
		method: "GET",
		path: "/organizations/:organization/entitlement-set",
		operation: "showEntitlementSet",
		handle: entitlementSet,
	},
];
