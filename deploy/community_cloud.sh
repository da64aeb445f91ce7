#!/usr/bin/env bash
# deploy/community_cloud.sh [INDEX]: make the branch community-cloud for Streamlit Community Cloud, from what is committed.
#
# It is the current commit and one more, which lets uv, with which Community Cloud installs, take PyTorch's CPU builds:
# the others do not fit there. INDEX: the address of PyTorch's CPU index (after --index-url in the command that PyTorch's
# page gives for Pip and CPU), for an installer that reads nothing but requirements.txt. Nothing else is touched; run it
# again after each change, and push the branch with --force.
set -euo pipefail
cd "$(dirname "$0")/.."
index=${1:-}

blob() { git hash-object -w --stdin; }
listed=$(mktemp -u)
trap 'rm -f "$listed"' EXIT
export GIT_INDEX_FILE=$listed
git read-tree HEAD
settings=$(printf '[pip]\ntorch-backend = "cpu"\n%s' "${index:+index-strategy = \"unsafe-best-match\"
}" | blob)
git update-index --add --cacheinfo "100644,$settings,uv.toml"
if [ -n "$index" ]; then
  requirements=$({ echo "--extra-index-url $index"; git show HEAD:requirements.txt; } | blob)
  git update-index --cacheinfo "100644,$requirements,requirements.txt"
fi
commit=$(git commit-tree "$(git write-tree)" -p HEAD -m "PyTorch's CPU builds, for Streamlit Community Cloud")
git branch --force community-cloud "$commit"
echo "Push it: git push --force origin community-cloud"
