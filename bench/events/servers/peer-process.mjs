/**
 * What the servers of the peers have in common: a process of its own that says where it listens, and publishes
 * in memory what it is told to over IPC: a list of topics, one message each.
 */

/** @param publish called with the number of a topic, in order */
export function serve(port, publish) {
  process.on('message', (topics) => {
    for (const topic of topics) publish(topic);
  });
  process.on('disconnect', () => process.exit(0));
  process.send({ port });
}
