/** Publishes an event together with its end. */
export default (payload, { emit }) => {
  emit({ type: 'datasetUpdate', id: 'bench', data: [payload] });
  return null;
};
