"""What the local cloud keeps on disk: `.localcloud/state/`, durable before a request is answered.

`database` commits, `folder` says where, `facts` keeps single values. What moto holds is followed by `kept`: `tracking`
notes which back ends a request has touched, `operations` which requests change anything, `codec` writes objects down,
and `pieces`, `items`, `objects` and `messages` say what is written of a service after a request.
"""
