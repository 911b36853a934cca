/** A workspace as the wire shows it. */
import { isDomainError } from "../../../core/errors.ts";
import type { Organization } from "../../../core/organization/organization.ts";
import { teamOfSubject } from "../../../core/team/model.ts";
import type { Lock } from "../../../core/unit/record.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import type { Workspace, WorkspaceRights } from "../../../core/workspace/service.ts";
import type { Identifier, Relationship, Resource } from "./document.ts";
import type { Exchange } from "./exchange.ts";
import { fullId, nameOfVersion, stateVersionId, userId, workspaceName } from "./ids.ts";
import { effectiveBindings, identifiers } from "./tag-bindings.ts";
import { workspaceId } from "./unit-of.ts";

/** Terraform crashes without this object, and prints nothing useful when one of these is missing. */
function permissions(rights: WorkspaceRights) {
	const { mayRead, mayReadOutputs, mayWrite, mayLock, mayForceUnlock, mayDelete } = rights;
	return {
		"can-create-state-versions": mayWrite,
		"can-destroy": mayDelete,
		"can-force-delete": mayDelete && mayForceUnlock,
		"can-force-unlock": mayForceUnlock,
		"can-lock": mayLock,
		"can-manage-assessments": false,
		"can-manage-ephemeral-workspaces": false,
		"can-manage-run-tasks": false,
		"can-manage-tags": rights.mayConfigure,
		"can-queue-apply": false,
		"can-queue-destroy": false,
		"can-queue-run": false,
		"can-read-assessment-results": false,
		"can-read-run": mayRead,
		"can-read-settings": mayRead,
		"can-read-state-outputs": mayReadOutputs,
		"can-read-state-versions": mayRead,
		"can-read-variable": rights.mayReadVariables,
		"can-unlock": mayLock,
		"can-update": rights.mayConfigure,
		"can-update-variable": rights.mayWriteVariables,
	};
}

/** Tags without a value, which is what tags were before they had one. */
export function tagNames(labels: Readonly<Record<string, string>>): string[] {
	return Object.keys(labels)
		.filter((key) => labels[key] === "")
		.sort();
}

/** Why the lock was taken, as its holder said. */
function reasonOf(lock: Lock | null): string | null {
	const reason = lock?.info.Info;
	return typeof reason === "string" && reason !== "" ? reason : null;
}

/** What there never is as long as nothing runs here. */
const neverThere = {
	"apply-duration-average": null,
	"auto-destroy-status": null,
	"last-assessment-result-at": null,
	"plan-duration-average": null,
	"policy-check-failures": null,
	"run-failures": null,
	"vcs-repo": null,
	"vcs-repo-identifier": null,
	"workspace-kpis-runs-count": null,
} as const;

type Asking = Pick<Exchange, "request" | "caller" | "deps" | "organization">;

interface ResourceCount {
	readonly "resource-count"?: number;
}

/**
 * How many resources the state manages. Terraform and OpenTofu, which send their version, read
 * nothing of it and are not kept waiting. Whoever changes something gets the count if it is known;
 * only who asks waits until the state was looked into. A state that cannot be read back is no reason
 * to hide all else.
 */
async function resourceCount(
	{ request, deps }: Asking,
	{ id, current }: UnitSummary,
): Promise<ResourceCount> {
	if (current === null) return { "resource-count": 0 };
	if (request.headers.has("terraform-version")) return {};
	const { stateIndex } = deps.core;
	try {
		const index =
			request.method === "GET"
				? await stateIndex.of(id, current)
				: await stateIndex.find(id, current);
		return index === null ? {} : { "resource-count": index.resourceCount };
	} catch (error) {
		if (isDomainError(error, "storage_corrupt")) return {};
		throw error;
	}
}

function attributes(
	{ unit, settings, hasOwnMode }: Workspace,
	rights: WorkspaceRights,
	resources: ResourceCount,
) {
	const { mayRead } = rights;
	return {
		...neverThere,
		...settings,
		name: workspaceName(unit.id),
		actions: { "is-destroyable": rights.mayDelete },
		"created-at": unit.created,
		environment: "default",
		"latest-change-at": unit.updated,
		locked: unit.lock !== null,
		"locked-reason": mayRead ? reasonOf(unit.lock) : null,
		operations: settings["execution-mode"] !== "local",
		permissions: permissions(rights),
		...resources,
		// Clients count both as set by whoever sets one.
		"setting-overwrites": { "execution-mode": hasOwnMode, "agent-pool": hasOwnMode },
		source: "tfe-api",
		"tag-names": mayRead ? tagNames(unit.labels) : [],
		"updated-at": unit.changed,
	};
}

/** Whose lock it is: a person's, or a team's by its token. */
function holderOf(organization: Organization, { principal }: Lock): Identifier {
	const team = teamOfSubject(principal);
	return team === null
		? { id: userId({ id: principal }), type: "users" }
		: { id: fullId(organization, team), type: "teams" };
}

const nobody: Relationship = { data: null };

function relationships(
	asking: Asking,
	{ unit, project }: Workspace,
	{ mayRead }: WorkspaceRights,
): Record<string, Relationship> {
	const { organization } = asking;
	const id = workspaceId(asking, unit.id);
	const self = `/api/v2/workspaces/${id}`;
	const current =
		unit.current === null || !mayRead
			? null
			: {
					id: stateVersionId(organization, nameOfVersion(unit.id, unit.current)),
					type: "state-versions",
				};
	const bindings = mayRead ? effectiveBindings({ organization }, id, unit.labels, project) : [];
	return {
		"agent-pool": nobody,
		"current-assessment-result": nobody,
		"current-configuration-version": nobody,
		"current-run": nobody,
		"current-state-version": {
			data: current,
			links: { related: `${self}/current-state-version` },
		},
		"effective-tag-bindings": {
			data: identifiers(bindings),
			links: { related: `${self}/effective-tag-bindings` },
		},
		"latest-run": nobody,
		"locked-by":
			unit.lock === null || !mayRead ? nobody : { data: holderOf(organization, unit.lock) },
		organization: { data: { id: organization.name, type: "organizations" } },
		outputs: { links: { related: `${self}/current-state-version-outputs` } },
		project: { data: { id: fullId(organization, project.id), type: "projects" } },
		readme: nobody,
		"remote-state-consumers": {
			links: { related: `${self}/relationships/remote-state-consumers` },
		},
		"tag-bindings": { links: { related: `${self}/tag-bindings` } },
	};
}

/** The resource, with what the caller may do. */
export async function workspaceView(asking: Asking, workspace: Workspace): Promise<Resource> {
	const { caller, deps } = asking;
	const rights = await deps.core.workspaces.rights(caller, workspace.unit);
	const resources = rights.mayRead ? await resourceCount(asking, workspace.unit) : {};
	return viewOf(asking, workspace, rights, resources);
}

/** The same without what must be looked up in the state, for answers that show many. */
export async function uncountedView(asking: Asking, workspace: Workspace): Promise<Resource> {
	const { caller, deps } = asking;
	return viewOf(asking, workspace, await deps.core.workspaces.rights(caller, workspace.unit), {});
}

function viewOf(
	asking: Asking,
	workspace: Workspace,
	rights: WorkspaceRights,
	resources: ResourceCount,
): Resource {
	const { organization } = asking;
	const name = workspaceName(workspace.unit.id);
	return {
		id: workspaceId(asking, workspace.unit.id),
		type: "workspaces",
		attributes: attributes(workspace, rights, resources),
		relationships: relationships(asking, workspace, rights),
		links: {
			self: `/api/v2/organizations/${organization.name}/workspaces/${name}`,
			"self-html": `/app/${organization.name}/workspaces/${name}`,
		},
	};
}
