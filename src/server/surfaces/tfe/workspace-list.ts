/** Lists of workspaces: searched, filtered, sorted and cut into pages. */
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { matchesPattern } from "../../../core/rbac/pattern.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import type { Project } from "../../../core/workspace/projects.ts";
import type { Workspace } from "../../../core/workspace/service.ts";
import { list, pageIn } from "./document.ts";
import type { Exchange } from "./exchange.ts";
import { localId, workspaceName } from "./ids.ts";
import { includesIn, orderIn } from "./query.ts";
import { tagFilterIn } from "./tag-bindings.ts";
import {
	distinct,
	type WithIncludes,
	withIncludes,
	workspaceIncludes,
} from "./workspace-includes.ts";

/** `*-prod`, `prod-*`, `*mid*` or an exact name. Gives whether a name in lower case matches. */
function wildcard(text: string): (name: string) => boolean {
	if (Buffer.byteLength(text) > limits.patternBytesMax) {
		throw new DomainError("invalid_request", "the pattern is too long");
	}
	// No regular expression: several stars would make one take minutes for a single name.
	const pattern = { text, pieces: text.toLowerCase().split("*") };
	return (name) => matchesPattern(pattern, name);
}

function wantsIn({ context, organization }: Exchange) {
	const { query } = context;
	const part = (query.get("search[name]") ?? "").toLowerCase();
	const pattern = query.get("search[wildcard-name]");
	const form = pattern === null || pattern === "" ? null : wildcard(pattern);
	const isTagged = tagFilterIn(query);
	const given = query.get("filter[project][id]") ?? "";
	const projectId = given === "" ? null : localId(organization, given);
	// Nothing runs here, so no workspace has a current run in whatever status.
	const isOfRuns = (query.get("filter[current-run][status]") ?? "") !== "";
	return ({ id, labels }: UnitSummary, project: Project): boolean => {
		if (isOfRuns || (projectId !== null && project.id !== projectId)) return false;
		const name = workspaceName(id).toLowerCase();
		return (
			name.includes(part) &&
			(form === null || form(name)) &&
			isTagged({ ...project.labels, ...labels })
		);
	};
}

/** One after the other, and no more than the outputs of one state may be. Fails with `too_large`. */
async function withOutputs(
	exchange: Exchange,
	workspaces: readonly Workspace[],
	wanted: ReadonlySet<string>,
): Promise<WithIncludes[]> {
	const views: WithIncludes[] = [];
	let bytes = 0;
	for (const workspace of workspaces) {
		const one = await withIncludes(exchange, workspace, wanted);
		bytes += Buffer.byteLength(JSON.stringify(one.included));
		if (bytes > limits.outputsBytesMax) {
			throw new DomainError("too_large", "the outputs of these workspaces are too large together", {
				hint: "ask for fewer workspaces at once, or for each one's outputs",
				details: { limitBytes: limits.outputsBytesMax },
			});
		}
		views.push(one);
	}
	return views;
}

export async function listWorkspaces(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const page = pageIn(context.query);
	const wanted = includesIn(context.query, workspaceIncludes);
	// Without runs, none is older than another: the names decide.
	const { by, isDescending } = orderIn(context.query, [
		"name",
		"current-run.created-at",
		"latest-change-at",
	]);
	const { workspaces, total } = await deps.core.workspaces.list(caller, {
		wants: wantsIn(exchange),
		order: by === "latest-change-at" ? by : "name",
		isDescending,
		pageNumber: page.number,
		pageSize: page.size,
	});
	const views = wanted.has("outputs")
		? await withOutputs(exchange, workspaces, wanted)
		: await Promise.all(workspaces.map((one) => withIncludes(exchange, one, wanted)));
	return list(
		views.map(({ view }) => view),
		page,
		total,
		distinct(views.flatMap(({ included }) => included)),
	);
}
