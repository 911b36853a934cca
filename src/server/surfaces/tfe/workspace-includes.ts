/** What may stand beside a workspace in one answer: related resources that were asked for. */
import { teamOfSubject } from "../../../core/team/model.ts";
import type { Workspace } from "../../../core/workspace/service.ts";
import type { Resource } from "./document.ts";
import type { Exchange } from "./exchange.ts";
import { userId } from "./ids.ts";
import { organizationView } from "./organizations.ts";
import { currentOutputs } from "./outputs.ts";
import { projectView } from "./projects.ts";
import { storedView } from "./state-version-view.ts";
import { effectiveBindings } from "./tag-bindings.ts";
import { ownVariables } from "./variables.ts";
import { workspaceView } from "./workspace-view.ts";

/** The relations that the vendor's API can include. Those about runs never lead anywhere here. */
export const workspaceIncludes: ReadonlySet<string> = new Set([
	"agent_pool",
	"current_assessment_result",
	"current_configuration_version",
	"current_configuration_version.ingress_attributes",
	"current_run",
	"current_run.apply",
	"current_run.configuration_version",
	"current_run.configuration_version.ingress_attributes",
	"current_run.plan",
	"current_state_version",
	"current_state_version.resources_processed",
	"effective_tag_bindings",
	"latest_run",
	"latest_run.configuration_version",
	"latest_run.configuration_version.ingress_attributes",
	"latest_run.plan",
	"locked_by",
	"no_code_module_version",
	"no_code_module_version.no_code_module",
	"no_code_module_version.no_code_module.latest_version",
	"organization",
	"outputs",
	"project",
	"readme",
	"vars",
]);

/** Who holds the lock, by what the lock says. */
function lockHolder({ unit }: Workspace): Resource[] {
	const { lock } = unit;
	if (lock === null || teamOfSubject(lock.principal) !== null) return [];
	const { Who: who } = lock.info;
	return [
		{
			id: userId({ id: lock.principal }),
			type: "users",
			attributes: {
				username: typeof who === "string" && who !== "" ? who : lock.principal,
				email: "",
				"is-service-account": false,
			},
		},
	];
}

/** A workspace with the resources beside it. */
export interface WithIncludes {
	readonly view: Resource;
	readonly included: readonly Resource[];
}

/**
 * The workspace's resource, and what of the wanted relations there is. What the caller may not see
 * is not there.
 */
export async function withIncludes(
	exchange: Exchange,
	workspace: Workspace,
	wanted: ReadonlySet<string>,
): Promise<WithIncludes> {
	const { caller, deps } = exchange;
	const view = await workspaceView(exchange, workspace);
	if (wanted.size === 0) return { view, included: [] };
	const { unit, project } = workspace;
	const { mayRead, mayReadOutputs } = await deps.core.workspaces.rights(caller, unit);
	const included: Resource[] = [];
	if (wanted.has("organization")) included.push(await organizationView(exchange));
	if (wanted.has("project")) {
		const rights = await deps.core.projects.rights(caller, project.id);
		included.push(projectView(exchange, project, rights));
	}
	if (wanted.has("locked_by") && mayRead) included.push(...lockHolder(workspace));
	if (wanted.has("effective_tag_bindings") && mayRead) {
		included.push(...effectiveBindings(exchange, view.id, unit.labels, project));
	}
	if (wanted.has("current_state_version") && mayRead && unit.current !== null) {
		included.push(storedView(exchange, unit.id, unit.current));
	}
	if (wanted.has("vars")) included.push(...(await ownVariables(exchange, unit.id)));
	if (!wanted.has("outputs") || !mayReadOutputs) return { view, included };
	const outputs = await workspaceOutputs(exchange, workspace);
	const data = outputs.map(({ id, type }) => ({ id, type }));
	const relationships = { ...view.relationships, outputs: { data } };
	return { view: { ...view, relationships }, included: [...included, ...outputs] };
}

/** Outputs under the type that they have beside a workspace. */
async function workspaceOutputs(exchange: Exchange, { unit }: Workspace): Promise<Resource[]> {
	const outputs = await currentOutputs(exchange, unit);
	return outputs.map(({ id, attributes: { type, ...rest } }) => ({
		id,
		type: "workspace-outputs",
		attributes: { ...rest, "output-type": type },
	}));
}

/** One resource of each, in the order in which they came. */
export function distinct(resources: readonly Resource[]): Resource[] {
	const byKey = new Map(resources.map((one) => [`${one.type} ${one.id}`, one]));
	return [...byKey.values()];
}
