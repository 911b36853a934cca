/** A workspace as the wire shows it. */
import type { Organization } from "../../../core/organization/organization.ts";
import type { Lock } from "../../../core/unit/record.ts";
import type { Workspace, WorkspaceRights } from "../../../core/workspace/service.ts";
import type { Relationship, Resource } from "./document.ts";
import type { Exchange } from "./exchange.ts";
import {
	fullId,
	nameOfVersion,
	stateVersionId,
	userId,
	workspaceId,
	workspaceName,
} from "./ids.ts";

/** Terraform crashes without this object, and prints nothing useful when one of these is missing. */
function permissions(rights: WorkspaceRights) {
	const { mayRead, mayReadOutputs, mayWrite, mayLock, mayForceUnlock, mayDelete } = rights;
	return {
		"can-create-state-versions": mayWrite,
		"can-destroy": mayDelete,
		"can-force-delete": mayDelete && mayForceUnlock,
		"can-force-unlock": mayForceUnlock,
		"can-lock": mayLock,
		"can-manage-run-tasks": false,
		"can-manage-tags": mayWrite,
		"can-queue-apply": false,
		"can-queue-destroy": false,
		"can-queue-run": false,
		"can-read-run": mayRead,
		"can-read-settings": mayRead,
		"can-read-state-outputs": mayReadOutputs,
		"can-read-state-versions": mayRead,
		"can-read-variable": rights.mayReadVariables,
		"can-unlock": mayLock,
		"can-update": mayWrite,
		"can-update-variable": rights.mayWriteVariables,
	};
}

function lockedBy(lock: Lock | null): Record<string, Relationship> {
	if (lock === null) return {};
	return { "locked-by": { data: { id: userId({ id: lock.principal }), type: "users" } } };
}

/** Tags without a value, which is what tags were before they had one. */
export function tagNames(labels: Readonly<Record<string, string>>): string[] {
	return Object.keys(labels)
		.filter((key) => labels[key] === "")
		.sort();
}

function relationships(
	organization: Organization,
	{ unit, projectId }: Workspace,
): Record<string, Relationship> {
	const self = `/api/v2/workspaces/${workspaceId(organization, unit.id)}`;
	const current =
		unit.current === null
			? null
			: {
					id: stateVersionId(organization, nameOfVersion(unit.id, unit.current)),
					type: "state-versions",
				};
	return {
		organization: { data: { id: organization.name, type: "organizations" } },
		project: { data: { id: fullId(organization, projectId), type: "projects" } },
		"current-run": { data: null },
		"current-state-version": {
			data: current,
			links: { related: `${self}/current-state-version` },
		},
		...lockedBy(unit.lock),
	};
}

/** The resource, with what the caller may do. */
export async function workspaceView(
	{ caller, deps, organization }: Pick<Exchange, "caller" | "deps" | "organization">,
	workspace: Workspace,
): Promise<Resource> {
	const { unit, settings } = workspace;
	const rights = await deps.core.workspaces.rights(caller, unit);
	const name = workspaceName(unit.id);
	const { mayRead } = rights;
	return {
		id: workspaceId(organization, unit.id),
		type: "workspaces",
		attributes: {
			...settings,
			name,
			actions: { "is-destroyable": rights.mayDelete },
			"created-at": unit.created,
			"updated-at": unit.updated,
			environment: "default",
			locked: unit.lock !== null,
			"latest-change-at": unit.changed,
			operations: settings["execution-mode"] !== "local",
			permissions: permissions(rights),
			"resource-count": 0,
			"tag-names": mayRead ? tagNames(unit.labels) : [],
			"trigger-patterns": [],
			"trigger-prefixes": [],
			"vcs-repo": null,
		},
		relationships: relationships(organization, workspace),
		links: {
			self: `/api/v2/organizations/${organization.name}/workspaces/${name}`,
			"self-html": `/app/${organization.name}/workspaces/${name}`,
		},
	};
}
