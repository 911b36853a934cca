/** `/v1/orgs`: organizations as things. What is in one stands below `/v1/orgs/<name>/`. */
import {
	CreateOrganization,
	OrganizationList,
	OrganizationView,
} from "../../../api/organizations.ts";
import type { OrganizationSummary } from "../../../core/organization/organizations.ts";
import type { CollectionOperation } from "./operation.ts";
import { readJson } from "./operation.ts";

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
	summary: "The organizations that the caller may know of",
	success: { status: 200, schema: OrganizationList },
	failures: [],
	async handle({ caller, deps }) {
		const organizations = (await deps.organizations.list(caller)).map(organizationView);
		const list: OrganizationList = { organizations, count: organizations.length };
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
