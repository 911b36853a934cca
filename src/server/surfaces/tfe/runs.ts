/**
 * Runs, which this server does not have: nothing pretends to have run. What asks for one is refused
 * in words; lists are empty, since clients look into them before they do something else.
 */
import { list, one, pageIn } from "./document.ts";
import { TfeRefusal } from "./errors.ts";
import type { Exchange, Route } from "./exchange.ts";
import { unitOf } from "./unit-of.ts";

async function refuse(): Promise<Response> {
	throw new TfeRefusal(
		422,
		"unprocessable entity",
		"this server does not run Terraform; run it where you are: workspaces execute locally here, whatever their mode",
	);
}

async function noneOfWorkspace(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	await deps.core.units.get(caller, unitOf(exchange));
	return list([], pageIn(context.query), 0);
}

async function noneOfOrganization({ context }: Exchange): Promise<Response> {
	return list([], pageIn(context.query), 0);
}

async function capacity({ organization }: Exchange): Promise<Response> {
	return one({
		id: organization.name,
		type: "organization-capacity",
		attributes: { pending: 0, running: 0 },
	});
}

const configurations = "/workspaces/:workspace/configuration-versions";
const organization = "/organizations/:organization";

function get(path: string, operation: string, handle: Route["handle"]): Route {
	return { method: "GET", path, operation, handle };
}

export const runRoutes: readonly Route[] = [
	...["/runs", "/queries", configurations].map(
		(path): Route => ({ method: "POST", path, operation: "refuseRun", handle: refuse }),
	),
	get("/workspaces/:workspace/runs", "listRuns", noneOfWorkspace),
	get(configurations, "listConfigurationVersions", noneOfWorkspace),
	get(`${organization}/runs`, "listOrganizationRuns", noneOfOrganization),
	get(`${organization}/runs/queue`, "listRunQueue", noneOfOrganization),
	get(`${organization}/capacity`, "showCapacity", capacity),
];
