/** The ID token that a CI system gives its jobs: asked for, or found in the environment. */

import { variable } from "../../client/credentials/environment.ts";
import { askOAuth } from "../../client/oauth-endpoint.ts";
import type { Cli } from "../context.ts";
import { failed } from "./loopback.ts";

/** GitHub Actions gives it on request; GitLab and others put it into a variable. */
export async function ciIdToken(cli: Cli, audience: string): Promise<string> {
	const { env } = cli.io;
	const given = variable(env, "OPENTACO_ID_TOKEN");
	if (given !== undefined) return given;
	const requestUrl = variable(env, "ACTIONS_ID_TOKEN_REQUEST_URL");
	const bearer = variable(env, "ACTIONS_ID_TOKEN_REQUEST_TOKEN");
	if (requestUrl === undefined || bearer === undefined) {
		throw failed(
			"this job has no ID token",
			"GitHub: give the job `permissions: id-token: write`. Others: put the token into OPENTACO_ID_TOKEN",
		);
	}
	const url = new URL(requestUrl);
	url.searchParams.set("audience", audience);
	const { body } = await askOAuth({ url: url.href, bearer, signal: cli.signal });
	if (typeof body.value !== "string") throw failed("GitHub gave no ID token", "run the job again");
	return body.value;
}
