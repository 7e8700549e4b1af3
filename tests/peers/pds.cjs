// The official Bluesky PDS, and the directory of identities that it needs, on free loopback ports until standard input ends.
// Arguments: where node_modules is, a folder for its files. Prints {"port": N} when both are ready.
const net = require('node:net')
const { createRequire } = require('node:module')
const [, , modules, folder] = process.argv
const load = createRequire(`${modules}/`)

// Both would listen on every interface.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, { port: Number(port), host: '127.0.0.1' }, rest.find((each) => typeof each === 'function'))
}

async function main() {
  const { PlcServer, Database } = load('@did-plc/server')
  const { PDS, envToCfg, envToSecrets } = load('@atproto/pds')
  const plc = await PlcServer.create({ db: Database.mock(), port: 0 }).start()
  const settings = {
    hostname: 'localhost',
    port: 0,
    devMode: true,
    dataDirectory: folder,
    blobstoreDiskLocation: `${folder}/blobs`,
    didPlcUrl: `http://127.0.0.1:${plc.address().port}`,
    serviceHandleDomains: ['.test'],
    inviteRequired: false,
    adminPassword: 'test',
    jwtSecret: 'handbill-tests-only'.padEnd(32, '.'),
    dpopSecret: '1'.repeat(64),
    plcRotationKeyK256PrivateKeyHex: '1'.repeat(64),
    disableSsrfProtection: true,
    rateLimitsEnabled: true,
    crawlers: [],
  }
  const pds = await PDS.create(envToCfg(settings), envToSecrets(settings))
  const server = await pds.start()
  console.log(JSON.stringify({ port: server.address().port }))
}

process.stdin.resume().on('end', () => process.exit(0))
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
