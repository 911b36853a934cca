/** Logs in on the server's own pages, which may lead on to the identity provider. */

import type { NewLogin } from "../../client/credentials/stored-login.ts";
import { askOAuth } from "../../client/oauth-endpoint.ts";
import type { Cli } from "../context.ts";
import { showAddress } from "./browser.ts";
import { challengeOf, failed, listenForCode, randomText } from "./loopback.ts";

/** The ports that the server lets a login come back to. */
const ports = Array.from({ length: 11 }, (_, index) => 10_000 + index);

export async function loginAtServer(
	cli: Cli,
	options: { readonly isFresh: boolean; readonly opens: boolean },
): Promise<NewLogin> {
	const { url: serverUrl } = await cli.server();
	const [state, verifier] = [randomText(), randomText()];
	const loopback = listenForCode(ports, state, cli.signal);
	try {
		const query = new URLSearchParams({
			client_id: "taco",
			response_type: "code",
			redirect_uri: loopback.redirectUri,
			code_challenge: challengeOf(verifier),
			code_challenge_method: "S256",
			state,
			...(options.isFresh ? { prompt: "login" } : {}),
		});
		await showAddress(cli, `${serverUrl}/oauth/authorization?${query}`, options.opens);
		const { body } = await askOAuth({
			url: `${serverUrl}/oauth/token`,
			form: {
				grant_type: "authorization_code",
				client_id: "taco",
				code: await loopback.code,
				redirect_uri: loopback.redirectUri,
				code_verifier: verifier,
			},
			ca: await cli.certificates(),
			signal: cli.signal,
		});
		const { access_token, refresh_token, error_description } = body;
		if (typeof access_token !== "string") {
			throw failed(typeof error_description === "string" ? error_description : "the login failed");
		}
		return {
			accessToken: access_token,
			refreshToken: typeof refresh_token === "string" ? refresh_token : "",
		};
	} finally {
		loopback.stop();
	}
}
