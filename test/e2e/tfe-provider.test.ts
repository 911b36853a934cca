/**
 * The vendor's provider hashicorp/tfe: every resource of it that this server has, made, planned
 * without changes, changed, imported and destroyed, in the default organization and in another one.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import { type Project, terraformOrSkip, terraformProject } from "../support/terraform.ts";
import { tfeProviderOrSkip, tfeProviderOverrides } from "../support/tfe-provider.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";

const provider = tfeProviderOrSkip("the provider hashicorp/tfe");
const isThere = terraformOrSkip("the provider hashicorp/tfe") && provider !== null;
const timeoutMs = 240_000;

let folder: TemporaryDirectory;
let server: RunningServer;
let caFile: string;
let around: Project;

async function project(name: string, file: string, more: Readonly<Record<string, string>> = {}) {
	const text = await readFile(join(import.meta.dir, "../fixtures/tfe-provider", file), "utf8");
	const env = {
		TF_CLI_CONFIG_FILE: await tfeProviderOverrides(provider ?? "", folder.path),
		TFE_HOSTNAME: `localhost:${server.port}`,
		TFE_TOKEN: adminToken,
		SSL_CERT_FILE: caFile,
		...more,
	};
	return await terraformProject(join(folder.path, name), { "main.tf": text }, env);
}

const apply = (p: Project, ...more: string[]) =>
	p.must("apply", "-input=false", "-auto-approve", ...more);

const idle: ReadonlySet<string> = new Set(["no-op", "read"]);

/** Addresses that a plan would change. */
async function planned(p: Project, ...more: string[]): Promise<string[]> {
	await p.must("plan", "-input=false", "-out=plan", ...more);
	const plan = JSON.parse(await p.must("show", "-json", "plan")) as {
		readonly resource_changes?: readonly {
			readonly address: string;
			readonly change: { readonly actions: readonly string[] };
		}[];
	};
	return (plan.resource_changes ?? [])
		.filter(({ change }) => change.actions.some((action) => !idle.has(action)))
		.map(({ address }) => address);
}

async function idsOf(p: Project): Promise<ReadonlyMap<string, string>> {
	const state = JSON.parse(await p.must("show", "-json")) as {
		readonly values: {
			readonly root_module: {
				readonly resources: readonly { address: string; values: { id: string } }[];
			};
		};
	};
	return new Map(
		state.values.root_module.resources.map(({ address, values }) => [address, values.id]),
	);
}

beforeAll(async () => {
	if (!isThere) return;
	folder = await temporaryDirectory();
	caFile = join(folder.path, "taco-data/__opentaco/server/tls/ca.pem");
	const tls = { args: ["--tls-self-signed"], scheme: "https", caFile } as const;
	server = await startServer({ cwd: folder.path, ...tls });
	around = await project("around", "around.tf");
	await apply(around);
}, timeoutMs);

afterAll(async () => {
	await server?.kill();
	await folder?.remove();
});

/** How each resource is named to `terraform import`, by the provider's documentation. */
function importsIn(organization: string, ids: ReadonlyMap<string, string>) {
	const id = (address: string) => ids.get(address) ?? "";
	const workspace = `${organization}/myapp__prod`;
	const set = id("tfe_variable_set.shared");
	return new Map([
		["tfe_project.shop", id("tfe_project.shop")],
		["tfe_workspace.prod", id("tfe_workspace.prod")],
		["tfe_workspace.consumer", `${organization}/consumer`],
		["tfe_workspace_settings.prod", id("tfe_workspace.prod")],
		["tfe_variable.plain", `${workspace}/${id("tfe_variable.plain")}`],
		["tfe_variable.secret", `${workspace}/${id("tfe_variable.secret")}`],
		["tfe_variable_set.shared", set],
		["tfe_variable.shared", `${organization}/${set}/${id("tfe_variable.shared")}`],
		["tfe_workspace_variable_set.prod", `${workspace}/shared`],
		["tfe_project_variable_set.shop", `${organization}/${id("tfe_project.shop")}/shared`],
		["tfe_team.core", `${organization}/${id("tfe_team.core")}`],
		["tfe_team_access.prod", `${workspace}/${id("tfe_team_access.prod")}`],
		["tfe_team_access.custom", `${organization}/consumer/${id("tfe_team_access.custom")}`],
		["tfe_team_project_access.shop", id("tfe_team_project_access.shop")],
		["tfe_organization_membership.ann", id("tfe_organization_membership.ann")],
		["tfe_team_organization_member.ann", id("tfe_team_organization_member.ann")],
		["tfe_team_token.core", id("tfe_team.core")],
	]);
}

describe.skipIf(!isThere)("hashicorp/tfe", () => {
	test(
		"keeps organizations and who is in them",
		async () => {
			expect(await planned(around)).toEqual([]);
		},
		timeoutMs,
	);

	for (const organization of ["default", "acme"]) {
		test(
			`keeps what is in the organization ${organization}`,
			async () => {
				const variables = { TF_VAR_organization: organization };
				const p = await project(organization, "inside.tf", variables);
				await apply(p);
				expect(await planned(p)).toEqual([]);
				const changed = await planned(p, "-var=value=two");
				expect(changed.sort()).toEqual([
					"tfe_team_access.prod",
					"tfe_variable.plain",
					"tfe_variable.secret",
					"tfe_variable.shared",
					"tfe_workspace.prod",
				]);
				await apply(p, "-var=value=two");
				expect(await planned(p, "-var=value=two")).toEqual([]);

				const other = await project(`${organization}-imported`, "inside.tf", {
					...variables,
					TF_VAR_value: "two",
				});
				for (const [address, id] of importsIn(organization, await idsOf(p))) {
					await other.must("import", "-input=false", address, id);
				}
				// What is sensitive is told to nobody, so it is written anew.
				expect(await planned(other)).toEqual(["tfe_variable.secret"]);

				await p.must("destroy", "-input=false", "-auto-approve");
				expect(await planned(p)).toHaveLength(importsIn(organization, new Map()).size);
			},
			timeoutMs,
		);
	}

	test(
		"takes organizations away that have no workspaces",
		async () => {
			await around.must("destroy", "-input=false", "-auto-approve");
		},
		timeoutMs,
	);
});
