// Google's own client of the People API, ordered about over pipes: one JSON object a line in, {"result"} or {"error"} out.
// NODE_PATH leads to the packages (see node_client.py).
'use strict';

const readline = require('readline');
const {people} = require('@googleapis/people');
const {JWT, OAuth2Client, UserRefreshClient} = require('google-auth-library');

let service;
let auth;

// The library knows Google's token endpoint only; its other requests go where they are told to.
function moveTokenRequests(client, tokenUri) {
  client.transporter.interceptors.request.add({
    resolved: async config => {
      if (String(config.url) === 'https://oauth2.googleapis.com/token') config.url = new URL(tokenUri);
      return config;
    },
  });
  return client;
}

const orders = {
  open({url, http2}) {
    service = people({version: 'v1', rootUrl: url, http2, retry: false});
  },
  token({token}) {
    auth = new OAuth2Client();
    auth.setCredentials({access_token: token});
  },
  authorizationUrl({client, endpoints, redirectUri, basic, query}) {
    auth = new OAuth2Client({
      ...client, endpoints, redirectUri, clientAuthentication: basic ? 'ClientSecretBasic' : 'ClientSecretPost',
    });
    return auth.generateAuthUrl(query);
  },
  async verifier() {
    return auth.generateCodeVerifierAsync();
  },
  async code({code, codeVerifier}) {
    const {tokens} = await auth.getToken(codeVerifier ? {code, codeVerifier} : {code});
    auth.setCredentials(tokens);
    return tokens;
  },
  async refresh() {
    const before = auth.credentials.access_token;
    auth.setCredentials({refresh_token: auth.credentials.refresh_token});
    const {token} = await auth.getAccessToken();
    return {before, after: token};
  },
  async revoke() {
    await auth.revokeCredentials();
  },
  async file({file, scopes, subject}) {
    const credentials = JSON.parse(require('fs').readFileSync(file));
    if (credentials.type === 'service_account') {
      const {client_email: email, private_key: key, private_key_id: keyId, token_uri: aud} = credentials;
      auth = new JWT({email, key, keyId, scopes, subject, additionalClaims: {aud}});
    } else {
      const {client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken} = credentials;
      auth = new UserRefreshClient({clientId, clientSecret, refreshToken, forceRefreshOnFailure: true});
    }
    moveTokenRequests(auth, credentials.token_uri);
  },
  async call({method, params}) {
    const path = method.split('.');
    const owner = path.slice(0, -1).reduce((object, name) => object[name], service);
    const answer = await owner[path.at(-1)]({...params, auth});
    return answer.data;
  },
};

// HTTP/2 errors carry their answer as the cause.
function describe(error) {
  const answer = error.response || error.cause || {};
  return {message: error.message, status: answer.status, data: answer.data};
}

async function main() {
  for await (const line of readline.createInterface({input: process.stdin})) {
    const {order, ...rest} = JSON.parse(line);
    let reply;
    try {
      reply = {result: await orders[order](rest) ?? null};
    } catch (error) {
      reply = {error: describe(error)};
    }
    process.stdout.write(JSON.stringify(reply) + '\n');
  }
}

main();
