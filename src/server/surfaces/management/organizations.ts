/** `/v1/orgs`: organizations as things. What is in one stands below `/v1/orgs/<name>/`. */
import {
	CreateOrganization,
	OrganizationList,
	OrganizationView,
} from "../../../api/organizations.ts";
import { limits } from "../../../core/limits.ts";
import type { OrganizationSummary } from "../../../core/organization/register.ts";
import type { CollectionOperation } from "./operation.ts";
import { readCount, readJson } from "./operation.ts";

const tag = "Organizations";

function organizationView({ organization, created }: OrganizationSummary): OrganizationView {
	return { name: organization.name, default: organization.isDefault, created };
}

const listOrganizations: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "listOrganizations",
	method: "GET",
	path: "/v1/orgs",
	tag,
	summary: "The organizations that the caller may know of, the default one first, then by name",
	query: [
		{
			name: "limit",
			description: `At most this many; ${limits.organizationsPageDefault} without it`,
			schema: { type: "integer", minimum: 1, maximum: limits.organizationsMax + 1 },
		},
		{ name: "cursor", description: "The `next` of the page before", schema: { type: "string" } },
	],
	success: { status: 200, schema: OrganizationList },
	failures: [400],
	async handle({ caller, deps, context: { query } }) {
		const { organizations, next } = await deps.organizations.list(caller, {
			limit: readCount(query, "limit") ?? limits.organizationsPageDefault,
			after: query.get("cursor") ?? undefined,
		});
		const list: OrganizationList = {
			organizations: organizations.map(organizationView),
			count: organizations.length,
			...(next === undefined ? {} : { next }),
		};
		return Response.json(list);
	},
};

const createOrganization: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "createOrganization",
	method: "POST",
	path: "/v1/orgs",
	tag,
	summary: "Create an organization; needs system.manage in the default one",
	body: { schema: CreateOrganization },
	success: { status: 201, schema: OrganizationView },
	failures: [400, 409],
	async handle({ request, caller, deps }) {
		const input = await readJson(request, CreateOrganization);
		const made = await deps.organizations.create(caller, input);
		return Response.json(organizationView(made), { status: 201 });
	},
};

const getOrganization: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "getOrganization",
	method: "GET",
	path: "/v1/orgs/:organization",
	tag,
	summary: "One organization",
	success: { status: 200, schema: OrganizationView },
	failures: [404],
	async handle({ caller, deps, params }) {
		const found = await deps.organizations.get(caller, params.organization ?? "");
		return Response.json(organizationView(found));
	},
};

const deleteOrganization: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "deleteOrganization",
	method: "DELETE",
	path: "/v1/orgs/:organization",
	tag,
	summary: "Delete an organization without units; needs system.manage in the default one",
	success: { status: 204, schema: null },
	failures: [404, 409],
	async handle({ caller, deps, params }) {
		await deps.organizations.delete(caller, params.organization ?? "");
		return new Response(null, { status: 204 });
	},
};

export const organizationOperations: readonly CollectionOperation[] = [
	listOrganizations,
	createOrganization,
	getOrganization,
	deleteOrganization,
];
