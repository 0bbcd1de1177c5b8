/* Runs before each file of tests: a server that one of them ran in this process has left its umask here (src/node/private-folder.ts). */
process.umask(0o022)
