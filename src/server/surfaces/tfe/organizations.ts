/** The first things that clients ask for: whether this is the API, who one is, what the organization may. */
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { organizationSettingsIn } from "../../../core/organization/settings.ts";
import { everything } from "../../../core/rbac/resource.ts";
import { inParallel } from "../../../lib/in-parallel.ts";
import {
	cut,
	list as listed,
	nothing,
	one,
	pageIn,
	type Resource,
	resourceIn,
} from "./document.ts";
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

/** The mail addresses of these organizations, in lower case. */
async function mailsOf(
	{ caller, deps }: Exchange,
	names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
	const mails = new Map<string, string>();
	await inParallel(names, limits.organizationLooksAtOnce, async (name) => {
		const { email } = await deps.organizations.look(caller, name, ({ core }) =>
			core.organizationSettings.read(),
		);
		mails.set(name, String(email).toLowerCase());
	});
	return mails;
}

/**
 * The names of those that the query asks for: by a part of the name, of the mail address, or of
 * either. All of them, since their number is part of the answer.
 */
async function searched(exchange: Exchange): Promise<readonly string[]> {
	const { caller, deps, context } = exchange;
	const [name, mail, either] = ["q[name]", "q[email]", "q"].map((part) =>
		(context.query.get(part) ?? "").toLowerCase(),
	) as [string, string, string];
	// Addresses lie with each organization: only what no name can hold is looked for there.
	const needsMails = mail !== "" || !/^[a-z0-9_-]*$/.test(either);
	const isNamed = (one: string, part: string) => one.toLowerCase().includes(part);
	const { organizations } = await deps.organizations.list(caller, {
		wants: (one) => isNamed(one, name) && (needsMails || isNamed(one, either)),
	});
	const named = organizations.map(({ organization }) => organization.name);
	if (!needsMails) return named;
	const mails = await mailsOf(exchange, named);
	return named.filter((one) => {
		const address = mails.get(one) ?? "";
		return address.includes(mail) && (isNamed(one, either) || address.includes(either));
	});
}

async function list(exchange: Exchange): Promise<Response> {
	const page = pageIn(exchange.context.query);
	const found = await searched(exchange);
	const shown = cut(found, page).map((name) => viewOf(exchange, name));
	return listed(await Promise.all(shown), page, found.length);
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
