"""Reads features through the unmodified SDK of Feast, as JSON on standard output. Arguments: the URL, a JSON list of users, one of features."""
import json
import os
import sys
import tempfile
from datetime import timedelta

import pandas as pd
import requests
from feast import Entity, FeatureStore, FeatureService, FeatureView, Field, FileSource, RepoConfig
from feast.types import Bool, Float64, Int64, String
from feast.value_type import ValueType

url, users, features = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
TYPES = {"views1h": Int64, "spend": Int64, "dearest": Float64, "meanPrice": Float64, "favourite": String, "isMember": Bool,
         "lastViews": String, "bought": Float64, "planner": Bool, "planner.since": Int64}


def open_store(folder, variable="TRIBUTARY_READ_KEY"):
    return FeatureStore(config=RepoConfig(
        project="shop", provider="local", registry=os.path.join(folder, "registry.db"), entity_key_serialization_version=3,
        online_store={"type": "remote", "path": url, "connection_retries": 0},
        auth={"type": "oidc", "token_env_var": variable}))


def failure(call):
    try:
        call()
        return None
    except Exception as error:
        return {"class": type(error).__name__, "message": str(error)}


with tempfile.TemporaryDirectory() as folder:
    store = open_store(folder)
    pd.DataFrame({"user_id": ["a"], "at": [pd.Timestamp.now(tz="UTC")]}).to_parquet(os.path.join(folder, "none.parquet"))
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
    source = FileSource(name="none", path=os.path.join(folder, "none.parquet"), timestamp_field="at")
    view = FeatureView(name="profile", entities=[user], ttl=timedelta(days=1), source=source,
                       schema=[Field(name=name, dtype=TYPES[name]) for name in features])
    service = FeatureService(name="all", features=[view])
    store.registry.apply_entity(user, "shop")
    store.registry.apply_data_source(source, "shop")
    store.registry.apply_feature_view(view, "shop")
    refs = [f"profile:{name}" for name in features]
    rows = [{"user_id": one} for one in users]
    answer = store.get_online_features(features=refs, entity_rows=rows)
    full = store.get_online_features(features=refs[:2], entity_rows=rows[:1], full_feature_names=True,
                                     include_feature_view_version_metadata=True)
    frame = store.get_online_features(features=refs, entity_rows=rows).to_df()
    names = list(answer.proto.metadata.feature_names.val)
    texts = [row["user_id"] for row in rows if isinstance(row["user_id"], str)]
    from feast.infra.online_stores.helpers import compute_entity_id
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value
    keys = [EntityKey(join_keys=["user_id"], entity_values=[Value(string_val=text)]) for text in texts]
    typed = store._get_provider().online_read(store.config, view, keys, features)
    os.environ["TRIBUTARY_WRONG_KEY"] = "tr_wrong"
    print(json.dumps({
        "values": answer.to_dict(),
        "kinds": {name: [value.WhichOneof("val") for value in column.values] for name, column in zip(names, answer.proto.results)},
        "statuses": {name: list(column.statuses) for name, column in zip(names, answer.proto.results)},
        "full": full.to_dict(),
        "columns": list(frame.columns),
        "typed": [{name: value.WhichOneof("val") and getattr(value, value.WhichOneof("val")) for name, value in row.items()}
                  for _, row in typed],
        "newestOfFirst": typed[0][0].isoformat(),
        "unknown": failure(lambda: store.get_online_features(features=["profile:views2h"], entity_rows=rows)),
        "twoKeys": failure(lambda: store.get_online_features(features=refs, entity_rows=[{"user_id": "a", "item": "b"}])),
        "service": failure(lambda: store.get_online_features(features=service, entity_rows=rows)),
        "written": failure(lambda: store._get_provider().online_write_batch(store.config, view, [], None)),
        "wrongKey": failure(lambda: open_store(folder, "TRIBUTARY_WRONG_KEY").get_online_features(features=refs, entity_rows=rows)),
        "health": requests.get(f"{url}/health").status_code,
        "push": requests.post(f"{url}/push", json={"push_source_name": "none", "df": {"user_id": ["a"]}}, headers={
            "Authorization": "Bearer " + os.environ["TRIBUTARY_READ_KEY"]}).status_code,
    }))
